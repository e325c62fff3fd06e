-- What ended last in each part of a window. KEYS[1] the prefix of the app.
-- ARGV[1] the list of ends, ARGV[2] how many of each part, ARGV[3] than how many more the window has to have for any to
-- be given, then the beginning and the end of each part.
-- Returns the ids of each part, the latest end first.
local found = {}
local key = KEYS[1] .. 'o:' .. ARGV[1]
if redis.call('ZCOUNT', key, ARGV[4], '(' .. ARGV[#ARGV]) <= tonumber(ARGV[3]) then return found end
for at = 4, #ARGV, 2 do
  found[#found + 1] = redis.call('ZREVRANGEBYSCORE', key, '(' .. ARGV[at + 1], ARGV[at], 'LIMIT', 0, ARGV[2])
end
return found
