-- Every open wait. KEYS[1] the prefix. Returns {waiter, {awaited...}} each.
local found = {}
for _, waiter in ipairs(redis.call('SMEMBERS', KEYS[1] .. 'o:waiters')) do
  found[#found + 1] = {waiter, redis.call('SMEMBERS', KEYS[1] .. 'o:w:' .. waiter)}
end
return found
