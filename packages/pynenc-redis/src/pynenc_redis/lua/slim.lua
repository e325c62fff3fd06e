-- Records without what a caller or a task wrote at length. KEYS[1] the prefix. ARGV ids.
-- Returns {id, fields and values, first line of the call, first line of the outcome, first history entry} of each that
-- exists.
local function first_line(text)
  local stop = text and string.find(text, '\n', 1, true)
  return stop and string.sub(text, 1, stop) or text
end
local found = {}
for _, id in ipairs(ARGV) do
  local fields = redis.call('HGETALL', KEYS[1] .. 'o:i:' .. id)
  if fields[1] then
    local blob = redis.call('LRANGE', KEYS[1] .. 'o:b:' .. id, 0, 2)
    found[#found + 1] = {id, fields, first_line(blob[1]), first_line(blob[2]), blob[3]}
  end
end
return found
