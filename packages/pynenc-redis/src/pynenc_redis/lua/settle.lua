-- Acknowledge messages, or give them back. KEYS[1] the prefix. ARGV[1] 1: give back, ARGV[2...] receipt:message each.
local P = KEYS[1] .. 'b:'
local call = redis.call
local clock = call('TIME')
local now = clock[1] + clock[2] / 1000000
local returned = 0
for at = 2, #ARGV do
  local colon = string.find(ARGV[at], ':', 1, true)
  local receipt, message = string.sub(ARGV[at], 1, colon - 1), string.sub(ARGV[at], colon + 1)
  local until_ = tonumber(call('ZSCORE', P .. 'leased', message) or 0)
  if call('HGET', P .. 'receipts', message) == receipt and (ARGV[1] == '1' or until_ > now) then
    local position = call('HGET', P .. 'positions', message) or 0
    call('ZREM', P .. 'leased', message)
    call('HDEL', P .. 'receipts', message)
    call('HDEL', P .. 'positions', message)
    if ARGV[1] == '1' then
      call('ZADD', P .. 'queue', position, message)
      returned = returned + 1
    end
  end
end
local wake = KEYS[1] .. 'wake'
for _ = 1, math.min(returned, 8 - call('LLEN', wake)) do call('RPUSH', wake, '1') end
