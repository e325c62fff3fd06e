-- How many failed in each part of a window. KEYS[1] the prefix of the app.
-- ARGV the beginning and the end of each part.
local counts = {}
for at = 1, #ARGV, 2 do
  counts[#counts + 1] = redis.call('ZCOUNT', KEYS[1] .. 'o:failed', ARGV[at], '(' .. ARGV[at + 1])
end
return counts
