-- KEYS[1] the prefix. ARGV id, field each. Returns a text or nothing for each.
local found = {}
for at = 1, #ARGV, 2 do found[(at + 1) / 2] = redis.call('HGET', KEYS[1] .. 's:p:' .. ARGV[at], ARGV[at + 1]) end
return found
