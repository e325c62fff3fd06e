-- Part of scripts that read, after record: what the store answers about one invocation.
-- Id, status letter, epoch, outcome; of those that exist.
local function states(ids)
  local found = {}
  for _, id in ipairs(ids) do
    local v = look(id, 's', 'e', 'r')
    if v[1] then
      local _, outcome = body_of(id)
      found[#found + 1] = {id, v[1], v[2] or (v[3] and '1' or '0'), outcome}
    end
  end
  return found
end
