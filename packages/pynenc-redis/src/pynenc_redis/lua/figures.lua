-- What statistics are made of. KEYS[1] the prefix. ARGV ids of final invocations.
-- Returns {id, end, status, task, runner, start, availability} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local v = redis.call('HMGET', KEYS[1] .. 'o:i:' .. id, 'f', 's', 't', 'r', 'st', 'v')
  if v[1] then found[#found + 1] = {id, v[1], v[2], v[3], v[4] or '', v[5] or '', v[6]} end
end
return found
