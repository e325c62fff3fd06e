-- What a lost queue must hold, by order of submission. After record.
-- KEYS[1] the prefix. ARGV[1] after this id or '', ARGV[2] limit.
local P = KEYS[1] .. 'o:'
local clock = redis.call('TIME')
local after = tonumber(ARGV[1] ~= '' and look(ARGV[1], 'n')[1] or 0)
local found = {}
local function add(id)
  local n = tonumber(look(id, 'n')[1] or 0)
  if n > after then found[#found + 1] = {n, id} end
end
for _, member in ipairs(redis.call('ZRANGE', P .. 'ready', 0, -1)) do
  local n = tonumber(string.sub(member, 11, 26))
  if n > after then found[#found + 1] = {n, string.sub(member, 28)} end
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', clock[1] .. '.' .. string.format('%06d', clock[2]))) do
  add(id)
end
table.sort(found, function(a, b) return a[1] < b[1] end)
local ids = {}
for at = 1, math.min(#found, tonumber(ARGV[2])) do ids[at] = found[at][2] end
return ids
