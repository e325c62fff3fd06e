-- Runners that are not stopped, then the others, the youngest of each first. KEYS[1] the prefix. ARGV[1] limit.
-- Returns {id, fields} each.
local P = KEYS[1] .. 'o:'
local found = {}
for _, index in ipairs({'alive', 'past'}) do
  if #found < tonumber(ARGV[1]) then
    for _, id in ipairs(redis.call('ZREVRANGE', P .. index, 0, ARGV[1] - #found - 1)) do
      found[#found + 1] = {id, redis.call('HGETALL', P .. 'run:' .. id)}
    end
  end
end
return found
