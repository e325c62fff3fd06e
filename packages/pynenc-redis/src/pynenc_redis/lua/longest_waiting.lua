-- Ids of what is claimed next, and of what fell due first. After outbox, watched, new. KEYS[1] the prefix.
enter_new()
local P = KEYS[1] .. 'o:'
local clock = redis.call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
local next_one = redis.call('ZRANGE', P .. 'ready', 0, 0)[1]
local due = redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, 1)[1]
local found = {next_one and string.sub(next_one, 28)}
found[#found + 1] = due
return found
