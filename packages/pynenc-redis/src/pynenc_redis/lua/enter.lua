-- Enter what clients appended. After outbox, watched, new. KEYS[1] the prefix.
-- Returns the time if the short way is open again, else ''.
enter_new()
if redis.call('LLEN', KEYS[1] .. 'wake') < $MOST_TOKENS then return '' end
open_short_way()
local clock = redis.call('TIME')
return clock[1] .. '.' .. string.sub('00000' .. clock[2], -6)
