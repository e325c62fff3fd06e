-- What statistics are made of. KEYS[1] the prefix. ARGV ids of final invocations.
-- Returns {end, status, task, runner, start, availability, id} of each that exists.
local found = {}
for _, id in ipairs(ARGV) do
  local v = redis.call('HMGET', KEYS[1] .. 'o:i:' .. id, 'f', 's', 't', 'r', 'st', 'v')
  if v[1] then
    v[7] = id
    found[#found + 1] = v
  end
end
return found
