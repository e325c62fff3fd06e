-- What statistics are made of. After record. KEYS[1] the prefix. ARGV ids of final invocations.
-- Returns {end, status, task, runner, start, availability, id} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local v = look(id, 'f', 's', 't', 'r', 'st', 'v')
  if v[1] then
    v[7] = id
    found[#found + 1] = v
  end
end
return found
