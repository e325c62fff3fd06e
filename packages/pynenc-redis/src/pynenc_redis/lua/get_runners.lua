-- KEYS[1] the prefix. ARGV ids. Returns {id, fields} of each runner that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local fields = redis.call('HGETALL', KEYS[1] .. 'o:run:' .. id)
  if fields[1] then found[#found + 1] = {id, fields} end
end
return found
