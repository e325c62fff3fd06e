-- What kinds of failures are told apart by. After record. KEYS[1] the prefix. ARGV ids of failed invocations.
-- Returns {id, end, task, first line of the outcome} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local v = look(id, 'f', 't')
  if v[1] then
    local _, outcome = body_of(id)
    found[#found + 1] = {id, v[1], v[2], string.match(outcome, '^[^\n]*\n?')}
  end
end
return found
