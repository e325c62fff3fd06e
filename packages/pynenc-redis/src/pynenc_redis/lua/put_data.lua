-- Store large values; of those that exist only the time of last use changes. KEYS[1] the prefix. ARGV key, value each.
-- <prefix>d:v:<key> is a value, d:used has the keys by the time of their last use.
local clock = redis.call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
for at = 1, #ARGV, 2 do
  redis.call('SET', KEYS[1] .. 'd:v:' .. ARGV[at], ARGV[at + 1], 'NX')
  redis.call('ZADD', KEYS[1] .. 'd:used', now, ARGV[at])
end
