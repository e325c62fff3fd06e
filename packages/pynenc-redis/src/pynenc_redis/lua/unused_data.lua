-- Keys that were not used for long. KEYS[1] the prefix. ARGV[1] seconds, ARGV[2] limit.
local clock = redis.call('TIME')
local before = string.format('%.6f', clock[1] + clock[2] / 1000000 - ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1] .. 'd:used', '-inf', before, 'LIMIT', 0, ARGV[2])
