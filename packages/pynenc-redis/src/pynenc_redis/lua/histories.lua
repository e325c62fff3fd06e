-- After record. KEYS[1] the prefix. ARGV ids. Returns {id, history entries} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local entries = body_of(id)
  if entries[1] then found[#found + 1] = {id, entries} end
end
return found
