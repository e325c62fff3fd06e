-- Fill slots of combined conditions. KEYS[1] the prefix. ARGV[1] JSON: requests {scope, key, slot, slots, occurrence,
-- data, seconds after which what waited is not paired}. Returns, for each, the data of all slots, or nothing.
-- <prefix>t:filler has each filler by {scope, key, slot, occurrence}: {data, time, place of its group once complete};
-- t:waiting:<scope and key> those that wait, by number; t:group:<n> the fillers of a group; t:fillers them by time.
local P = KEYS[1] .. 't:'
local call = redis.call
local clock = call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])
local requests = cjson.decode(ARGV[1])

local function name_of(request) return cjson.encode({request[1], request[2], request[3], request[5]}) end

local function fill(request)
  local name = name_of(request)
  if call('HSETNX', P .. 'filler', name, cjson.encode({request[6], now, ''})) == 0 then return end
  local waiting = P .. 'waiting:' .. cjson.encode({request[1], request[2]})
  call('ZADD', waiting, call('INCR', P .. 'n'), name)
  call('ZADD', P .. 'fillers', now, name)
  local first, complete = {}, 0
  for _, one in ipairs(call('ZRANGE', waiting, 0, -1)) do
    local stored = call('HGET', P .. 'filler', one)
    local too_old = not stored or (one ~= name and tonumber(cjson.decode(stored)[2]) <= now - request[7])
    if too_old then
      call('ZREM', waiting, one)
    else
      local slot = cjson.decode(one)[3]
      if not first[slot] then
        first[slot] = one
        complete = complete + 1
      end
    end
  end
  if complete < request[4] then return end
  local group = P .. 'group:' .. call('INCR', P .. 'n')
  for slot = 0, request[4] - 1 do
    local filler = cjson.decode(call('HGET', P .. 'filler', first[slot]))
    call('ZREM', waiting, first[slot])
    call('RPUSH', group, first[slot])
    call('HSET', P .. 'filler', first[slot], cjson.encode({filler[1], filler[2], group}))
  end
end

for _, request in ipairs(requests) do fill(request) end
local answers = {}
for at, request in ipairs(requests) do
  answers[at] = {}
  local filler = call('HGET', P .. 'filler', name_of(request))
  local group = filler and cjson.decode(filler)[3] or ''
  if group ~= '' then
    for _, one in ipairs(call('LRANGE', group, 0, -1)) do
      local other = call('HGET', P .. 'filler', one)
      if other then table.insert(answers[at], cjson.decode(other)[1]) end
    end
  end
end
return answers
