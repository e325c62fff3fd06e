-- Carry on what an older version wrote, a part at a time, and say at last that a newer one writes here from now on.
-- KEYS[1] the prefix. ARGV[1] the version, ARGV[2] id to go on from or '', ARGV[3...] sections.
-- Returns the id to go on from, or '' at the end.
-- Version 2 had packed records in keys of their own, with the call beside each: see record.lua.
local P = KEYS[1] .. 'o:'
local ids = redis.call('ZRANGEBYLEX', P .. 'ids', ARGV[2] == '' and '-' or '(' .. ARGV[2], '+', 'LIMIT', 0, 1000)
if ids[1] then
  local keys = {}
  for at, id in ipairs(ids) do keys[at] = P .. 'i:' .. id end
  for at, text in ipairs(redis.call('MGET', unpack(keys))) do
    if text then
      redis.call('HSET', P .. 'packed', ids[at], text)
      redis.call('DEL', keys[at])
    end
  end
  return ids[#ids]
end

for at = 3, #ARGV do
  local key = KEYS[1] .. ARGV[at] .. 'schema'
  local found = redis.call('GET', key)
  if found and tonumber(found) < tonumber(ARGV[1]) then redis.call('SET', key, ARGV[1]) end
end
return ''
