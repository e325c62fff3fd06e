-- Remove occurrences, settled or not, runs and fillers that are old; some of each. After outbox_reading. KEYS[1] the prefix.
-- ARGV[1] age in seconds, ARGV[2] how many of each. Returns 1 if there may be more.
local P = KEYS[1] .. 't:'
local call = redis.call
local clock = call('TIME')
local before = string.format('%.6f', clock[1] + clock[2] / 1000000 - ARGV[1])
local more = 0
local function old(index)
  local found = call('ZRANGEBYSCORE', P .. index, '-inf', before, 'LIMIT', 0, ARGV[2])
  if #found == tonumber(ARGV[2]) then more = 1 end
  return found
end
for _, id in ipairs(old('ages')) do
  box_settle(P .. 'pending:', id)
  call('ZREM', P .. 'ages', id)
  call('ZREM', P .. 'events', id)
  call('HDEL', P .. 'event', id)
end
for _, name in ipairs(old('fillers')) do
  local parts, filler = cjson.decode(name), cjson.decode(call('HGET', P .. 'filler', name))
  call('ZREM', P .. 'fillers', name)
  call('HDEL', P .. 'filler', name)
  call('ZREM', P .. 'waiting:' .. cjson.encode({parts[1], parts[2]}), name)
  if filler[3] ~= '' then call('LREM', filler[3], 1, name) end
end
local runs = call('ZRANGE', P .. 'runs', 0, ARGV[2] - 1)
for at, id in ipairs(runs) do
  local run = call('HGET', P .. 'run', id)
  local at_text, content = string.match(run, '^([^\n]*)\n(.*)$')
  if tonumber(at_text) > tonumber(before) then break end
  call('ZREM', P .. 'runs', id)
  call('ZREM', P .. 'runs:' .. cjson.decode(content)[2], id)
  call('HDEL', P .. 'run', id)
  if at == tonumber(ARGV[2]) then more = 1 end
end
return more
