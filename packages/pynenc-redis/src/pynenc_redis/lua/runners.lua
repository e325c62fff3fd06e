-- Runners in order of their start. KEYS[1] the prefix. ARGV[1] 1 for stopped ones too. Returns {id, fields} each.
local P = KEYS[1] .. 'o:'
local found = {}
local function add(ids)
  for _, id in ipairs(ids) do found[#found + 1] = {id, redis.call('HGETALL', P .. 'run:' .. id)} end
end
add(redis.call('ZRANGE', P .. 'alive', 0, -1))
if ARGV[1] == '1' then add(redis.call('ZRANGE', P .. 'gone', 0, -1)) end
return found
