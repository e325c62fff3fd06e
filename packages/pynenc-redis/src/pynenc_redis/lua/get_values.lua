-- Names and values under scopes. KEYS[1] the prefix. ARGV scopes.
local found = {}
for at, scope in ipairs(ARGV) do found[at] = redis.call('HGETALL', KEYS[1] .. 't:values:' .. scope) end
return found
