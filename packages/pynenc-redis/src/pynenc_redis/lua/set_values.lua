-- Create, replace and remove values under a scope. KEYS[1] the prefix. ARGV[1] scope, then name, 1 and value each, or
-- name, 0 and nothing for one to remove.
local key = KEYS[1] .. 't:values:' .. ARGV[1]
for at = 2, #ARGV, 3 do
  if ARGV[at + 1] == '1' then redis.call('HSET', key, ARGV[at], ARGV[at + 2]) else redis.call('HDEL', key, ARGV[at]) end
end
