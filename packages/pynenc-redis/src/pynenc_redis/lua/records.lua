-- Whole records. KEYS[1] the prefix. ARGV ids.
-- Returns {id, fields and values, call, outcome, first history entry} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local fields = redis.call('HGETALL', KEYS[1] .. 'o:i:' .. id)
  if fields[1] then
    local blob = redis.call('LRANGE', KEYS[1] .. 'o:b:' .. id, 0, 2)
    found[#found + 1] = {id, fields, blob[1], blob[2], blob[3]}
  end
end
return found
