-- In which statuses the first descendants of invocations rest. After record.
-- KEYS[1] the prefix.
-- ARGV[1] most of each, then ids. Returns {letter, ...} of each.
local P = KEYS[1] .. 'o:'
local found = {}
for at = 2, #ARGV do
  local letters = {}
  -- The first of a family is its root.
  for _, id in ipairs(redis.call('ZRANGE', P .. 'family:' .. ARGV[at], 1, ARGV[1])) do
    letters[#letters + 1] = look(id, 's')[1] or nil
  end
  found[#found + 1] = table.concat(letters)
end
return found
