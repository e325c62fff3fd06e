-- What was merged into invocations, as submit wrote it. After record. KEYS[1] the prefix. ARGV ids.
-- Returns {id, JSON} of each that stands for other calls, too.
local found = {}
for _, id in ipairs(ARGV) do
  local merges = look(id, 'mg')[1]
  if merges then found[#found + 1] = {id, merges} end
end
return found
