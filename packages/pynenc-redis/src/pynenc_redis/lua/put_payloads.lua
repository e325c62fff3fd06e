-- Write payloads, all or none; one that exists is left as it is. KEYS[1] the prefix. ARGV id, field, text each.
-- s:i holds the ids in their order.
for at = 1, #ARGV, 3 do
    if redis.call('HSETNX', KEYS[1] .. 's:p:' .. ARGV[at], ARGV[at + 1], ARGV[at + 2]) == 1 then
        redis.call('ZADD', KEYS[1] .. 's:i', 0, ARGV[at])
    end
end
