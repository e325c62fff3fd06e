-- What ended last in each part of a window. KEYS[1] the prefix of the app.
-- ARGV[1] how many of each part, then the beginning and the end of each part.
-- Returns the ids of each part, the latest end first.
local found = {}
for at = 2, #ARGV, 2 do
  found[#found + 1] = redis.call('ZREVRANGEBYSCORE', KEYS[1] .. 'o:ended', '(' .. ARGV[at + 1], ARGV[at], 'LIMIT', 0, ARGV[1])
end
return found
