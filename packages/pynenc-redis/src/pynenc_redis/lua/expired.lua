-- Final invocations that ended long ago, oldest first, without those of a workflow whose root, whose own workflow or whose
-- parent is not final. After record.
-- KEYS[1] the prefix. ARGV[1] age in seconds, ARGV[2] limit, ARGV[3] how many to pass over, ARGV[4] how many to look at.
-- Returns {ids, how many to pass over next time, or '' at the end}.
local P = KEYS[1] .. 'o:'
local clock = redis.call('TIME')
local before = string.format('%.6f', clock[1] + clock[2] / 1000000 - ARGV[1])
local page = redis.call('ZRANGEBYSCORE', P .. 'ended', '-inf', before, 'LIMIT', ARGV[3], ARGV[4])
local found = {}
for at, id in ipairs(page) do
  local open = false
  local v = look(id, 'wf', 'ro', 'pa')
  if v[1] then
    for at = 1, 3 do
      local other = v[at] and look(v[at], 't', 'f')
      open = open or (other and other[1] and not other[2])
    end
  end
  if not open then found[#found + 1] = id end
  if #found == tonumber(ARGV[2]) then return {found, ''} end
end
return {found, #page == tonumber(ARGV[4]) and ARGV[3] + ARGV[4] or ''}
