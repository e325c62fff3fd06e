-- Whole records. After record. KEYS[1] the prefix. ARGV ids.
-- Returns {id, fields and values, call, outcome} of each that exists, as read_record says.
local found = {}
for _, id in ipairs(ARGV) do
  local fields, text, outcome = read_record(id)
  if fields then found[#found + 1] = {id, fields, text, outcome} end
end
return found
