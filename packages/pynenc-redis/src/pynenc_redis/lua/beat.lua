-- Refresh runners, mark stopped ones, take or renew a lease. After schema. KEYS[1] the prefix.
-- ARGV[1] JSON: {alive: {{id, class, host, pid, parent or '', slots}}, stopped: {{id, reason}}, lease?: {name, holder, seconds}}
-- A runner is the hash <prefix>o:run:<id>; its id is in o:alive (by order), or in o:gone (by the time of its end) and
-- o:past (by order). o:changes grows with what people see of that.
-- Returns {1 if the lease is held, else 0; 1 if the first one of those that live drains, else 0}.
local P = KEYS[1] .. 'o:'
local call = redis.call
local request = cjson.decode(ARGV[1])
local clock = call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
for _, one in ipairs(request.alive) do
  local id, key = one[1], P .. 'run:' .. one[1]
  if call('HINCRBY', key, 'beats', 1) == 1 then
    local order = call('INCR', P .. 'runners')
    if order == 1 then mark_schema('o:') end
    call('HSET', key, 'cls', one[2], 'host', one[3], 'pid', one[4], 'parent', one[5], 'slots', one[6], 'started', now,
      'order', order)
  end
  call('HSET', key, 'last', now)
  if call('ZADD', P .. 'alive', call('HGET', key, 'order'), id) == 1 then
    call('HDEL', key, 'stopped', 'reason')
    call('ZREM', P .. 'gone', id)
    call('ZREM', P .. 'past', id)
    call('INCR', P .. 'changes')
  end
end
for _, one in ipairs(request.stopped) do
  if call('ZREM', P .. 'alive', one[1]) == 1 then
    call('ZADD', P .. 'gone', now, one[1])
    call('ZADD', P .. 'past', call('HGET', P .. 'run:' .. one[1], 'order'), one[1])
    call('HSET', P .. 'run:' .. one[1], 'stopped', now, 'reason', one[2])
    call('HDEL', P .. 'run:' .. one[1], 'drains')
    call('INCR', P .. 'changes')
  end
end
local first = request.alive[1]
local drains = first and call('HEXISTS', P .. 'run:' .. first[1], 'drains') or 0
local lease = request.lease
if not lease then return {0, drains} end
local key = P .. 'lease:' .. lease[1]
local held = call('HMGET', key, 'holder', 'until')
if held[1] and held[1] ~= lease[2] and tonumber(held[2]) > tonumber(now) then return {0, drains} end
call('HSET', key, 'holder', lease[2], 'until', string.format('%.6f', now + lease[3]))
return {1, drains}
