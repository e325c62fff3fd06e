-- What fell due, for a queue that lives elsewhere. After outbox, watched, session, due. KEYS[1] the prefix.
-- ARGV[1] limit. Returns {ids, seconds until the next one falls due, or ''}.
local ids = promote_due(tonumber(ARGV[1]))
new_work = 0
if ids[1] then flush() end
-- Whoever waits here looks at the next due time anyway.
call('DEL', KEYS[1] .. 'wake')
local next_due = call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')
return {ids, next_due[1] and string.format('%.6f', math.max(0, next_due[2] - now)) or ''}
