-- Renew the time of last use; unknown keys are ignored. KEYS[1] the prefix. ARGV keys.
local clock = redis.call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
for _, key in ipairs(ARGV) do redis.call('ZADD', KEYS[1] .. 'd:used', 'XX', now, key) end
