-- KEYS[1] the prefix. ARGV ids. Returns {id, entries} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local entries = redis.call('LRANGE', KEYS[1] .. 'o:b:' .. id, 2, -1)
  if entries[1] then found[#found + 1] = {id, entries} end
end
return found
