-- What rests in statuses that few rest in, in any order: where to look is known, without looking at what has ended.
-- After record, owned. KEYS[1] the prefix. ARGV[1] statuses (letters), ARGV[2] a task or '', ARGV[3] how many to look at
-- in each place.
-- Returns {id, order, ...}.
local P = KEYS[1] .. 'o:'
local call = redis.call
local most = ARGV[3]
local found, seen = {}, {}

local function look_at(id)
  if seen[id] then return end
  seen[id] = true
  local v = look(id, 's', 't', 'n')
  if v[1] and string.find(ARGV[1], v[1], 1, true) and (ARGV[2] == '' or v[2] == ARGV[2]) then
    found[#found + 1] = id
    found[#found + 1] = v[3]
  end
end

local function look_into(key)
  for _, id in ipairs(call('ZRANGE', P .. key, 0, most - 1)) do look_at(id) end
end

if string.find(ARGV[1], '[pua]') then
  for _, id in ipairs(owned_ids(tonumber(most))) do look_at(id) end
end
if string.find(ARGV[1], 'a', 1, true) then look_into('asleep') end
if string.find(ARGV[1], 'c', 1, true) then look_into('parked') end
if string.find(ARGV[1], '[roy]') then
  for _, member in ipairs(call('ZRANGE', P .. 'ready', 0, most - 1)) do look_at(string.sub(member, 28)) end
  look_into('due')
end
return found
