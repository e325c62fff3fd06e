-- How many ended in each part of a window. KEYS[1] the prefix of the app.
-- ARGV[1] the list of ends, then the beginning and the end of each part.
local counts = {}
for at = 2, #ARGV, 2 do
  counts[#counts + 1] = redis.call('ZCOUNT', KEYS[1] .. 'o:' .. ARGV[1], ARGV[at], '(' .. ARGV[at + 1])
end
return counts
