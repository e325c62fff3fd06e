-- Remove values that still are unused for long. KEYS[1] the prefix. ARGV[1] seconds, ARGV[2...] keys.
local clock = redis.call('TIME')
local before = clock[1] + clock[2] / 1000000 - ARGV[1]
for at = 2, #ARGV do
  local used = redis.call('ZSCORE', KEYS[1] .. 'd:used', ARGV[at])
  if used and tonumber(used) <= before then
    redis.call('ZREM', KEYS[1] .. 'd:used', ARGV[at])
    redis.call('UNLINK', KEYS[1] .. 'd:v:' .. ARGV[at])
  end
end
