-- Take messages. KEYS[1] the prefix. ARGV[1] seconds of the lease, ARGV[2...] a receipt for each at most.
-- Returns {receipt, id} each.
local P = KEYS[1] .. 'b:'
local call = redis.call
local clock = call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
for _, message in ipairs(call('ZRANGEBYSCORE', P .. 'leased', '-inf', now)) do
  call('ZADD', P .. 'queue', call('HGET', P .. 'positions', message) or 0, message)
  call('ZREM', P .. 'leased', message)
  call('HDEL', P .. 'receipts', message)
  call('HDEL', P .. 'positions', message)
end
local taken = call('ZRANGE', P .. 'queue', 0, #ARGV - 2, 'WITHSCORES')
local found = {}
for at = 1, #taken, 2 do
  local message, position = taken[at], taken[at + 1]
  local receipt = ARGV[#found + 2]
  call('ZREM', P .. 'queue', message)
  call('ZADD', P .. 'leased', string.format('%.6f', now + ARGV[1]), message)
  call('HSET', P .. 'receipts', message, receipt)
  if position ~= '0' then call('HSET', P .. 'positions', message, position) end
  found[#found + 1] = {receipt .. ':' .. message, string.sub(message, 18)}
end
if #found > 0 and #found == #ARGV - 1 and call('EXISTS', P .. 'queue') == 1 and call('EXISTS', KEYS[1] .. 'wake') == 0 then
  -- Another one may take what is left.
  call('RPUSH', KEYS[1] .. 'wake', '1')
end
return found
