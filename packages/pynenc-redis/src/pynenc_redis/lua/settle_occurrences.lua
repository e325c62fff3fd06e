-- Take occurrences away and record runs. After outbox_reading. KEYS[1] the prefix.
-- ARGV[1] number of occurrences, then their keys, then run id, trigger and content of each run.
-- <prefix>t:run has the runs (id -> time and content), t:runs and t:runs:<trigger> their ids by number.
local P = KEYS[1] .. 't:'
local call = redis.call
local clock = call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
local keys = tonumber(ARGV[1])
for at = 2, keys + 1 do
  box_settle(P .. 'pending:', ARGV[at])
  if call('HEXISTS', P .. 'event', ARGV[at]) == 0 then call('ZREM', P .. 'ages', ARGV[at]) end
end
for at = keys + 2, #ARGV, 3 do
  local id, trigger, content = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local n = call('INCR', P .. 'n')
  call('HSET', P .. 'run', id, now .. '\n' .. content)
  call('ZADD', P .. 'runs', n, id)
  call('ZADD', P .. 'runs:' .. trigger, n, id)
end
