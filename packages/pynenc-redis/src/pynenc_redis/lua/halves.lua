-- What waits in slots of the scopes that begin so, among the latest fillers: see pair. KEYS[1] the prefix.
-- ARGV[1] how scopes begin, ARGV[2] limit, ARGV[3] how many fillers are looked at.
-- Returns {scope, key, slot, data, time} each.
local P = KEYS[1] .. 't:'
local found = {}
for _, name in ipairs(redis.call('ZREVRANGE', P .. 'fillers', 0, ARGV[3] - 1)) do
  if #found >= tonumber(ARGV[2]) then break end
  local request = cjson.decode(name)
  if string.sub(request[1], 1, #ARGV[1]) == ARGV[1] then
    local filler = redis.call('HGET', P .. 'filler', name)
    local data, at, group = unpack(cjson.decode(filler or '["", "", "gone"]'))
    if group == '' then found[#found + 1] = {request[1], request[2], request[3], data, at} end
  end
end
return found
