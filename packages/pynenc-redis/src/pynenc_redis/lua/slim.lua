-- Records without what a caller or a task wrote at length. After record. KEYS[1] the prefix. ARGV ids.
-- Returns {id, fields and values, first line of the call, first line of the outcome} of each that exists, as read_record
-- says.
local function first_line(text)
  local stop = text and string.find(text, '\n', 1, true)
  return stop and string.sub(text, 1, stop) or text
end
local found = {}
for _, id in ipairs(ARGV) do
  local fields, text, outcome = read_record(id)
  if fields then found[#found + 1] = {id, fields, first_line(text), first_line(outcome)} end
end
return found
