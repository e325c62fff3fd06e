-- The order of the first invocation that was registered at or after an instant; nothing without one.
-- After record. KEYS[1] the prefix. ARGV[1] the instant. By halves along the order of submission.
local P = KEYS[1] .. 'o:'
local call = redis.call
local before = tonumber(ARGV[1])
local low, high = -1, call('ZCARD', P .. 'all')
local last = high
while high - low > 1 do
  local middle = math.floor((low + high) / 2)
  local id = call('ZRANGE', P .. 'all', middle, middle)[1]
  local entry = body_of(id)[1]
  if entry and tonumber(entered_at(entry)) < before then low = middle else high = middle end
end
if high == last then return '' end
return call('ZRANGE', P .. 'all', high, high, 'WITHSCORES')[2]
