-- Record occurrences of the trigger component. After outbox. KEYS[1] the prefix.
-- ARGV key, 1 for an event of no single trigger, content each. Events stay in <prefix>t:events (ids by number) and
-- t:event (id -> time and content), also when they are settled. Whatever is kept is in t:ages, by time.
local P = KEYS[1] .. 't:'
local clock = redis.call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
for at = 1, #ARGV, 3 do
  local key, is_event, content = ARGV[at], ARGV[at + 1] == '1', ARGV[at + 2]
  local is_new = true
  if is_event then
    is_new = redis.call('HSETNX', P .. 'event', key, now .. '\n' .. content) == 1
    if is_new then redis.call('ZADD', P .. 'events', redis.call('INCR', P .. 'n'), key) end
  end
  if is_new and box_put(P .. 'pending:', key, content, now) then redis.call('ZADD', P .. 'ages', now, key) end
end
redis.call('PUBLISH', KEYS[1] .. 'occurred', '1')
