-- Write payloads, all or none; one that exists is left as it is. KEYS[1] the prefix. ARGV id, field, text each.
for at = 1, #ARGV, 3 do redis.call('HSETNX', KEYS[1] .. 's:p:' .. ARGV[at], ARGV[at + 1], ARGV[at + 2]) end
