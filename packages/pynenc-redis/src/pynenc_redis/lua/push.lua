-- Queue ids. After schema. KEYS[1] the prefix. ARGV[1] 1: before all others, ARGV[2...] ids.
-- A message is <order>:<id>; <prefix>b:queue has those that wait, by position, b:leased those that were delivered,
-- by the end of their lease, b:receipts and b:positions what belongs to each of these.
local P = KEYS[1] .. 'b:'
local call = redis.call
local position = 0
if ARGV[1] == '1' then
  local first = call('ZRANGE', P .. 'queue', 0, 0, 'WITHSCORES')
  position = math.min(tonumber(first[2] or 0), 0) - 1
end
local n = call('INCRBY', P .. 'n', #ARGV - 1) - (#ARGV - 1)
if n == 0 then mark_schema('b:') end
for at = 2, #ARGV do
  n = n + 1
  call('ZADD', P .. 'queue', position, string.format('%016d:', n) .. ARGV[at])
end
local wake = KEYS[1] .. 'wake'
for _ = 1, math.min(#ARGV - 1, $MOST_TOKENS - call('LLEN', wake)) do call('RPUSH', wake, '1') end
