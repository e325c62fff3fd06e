-- The newest reusable result of each. After record, reading. KEYS[1] the prefix. ARGV[1] task, ARGV[2...] args ids.
-- Returns {args id, {id, status, epoch, outcome}} of each that has one.
local found = {}
for at = 2, #ARGV do
  local newest = redis.call('ZREVRANGE', KEYS[1] .. 'o:results:' .. ARGV[1] .. ':' .. ARGV[at], 0, 0)
  if newest[1] then found[#found + 1] = {ARGV[at], states(newest)[1]} end
end
return found
