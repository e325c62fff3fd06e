-- Part of scripts that look at records or places, after outbox, watched: the short way of the usual calls, which is a list.
-- While more is queued than workers take, a client appends a call to <prefix>o:new by a command of its own, if the list is
-- there: id, task, time of registration and text, with zeros between them. An empty text says no more than that the list
-- is there. Whoever looks at records enters all of it first, so that nobody else knows of it.

-- The text of a call as a packed record has it: see record.lua.
local function kept(id, text)
  if #text <= $SHORT and not string.find(text, '\0', 1, true) then return text .. '\0' end
  redis.call('SET', KEYS[1] .. 'o:b:' .. id, text)
  return ''
end

local function record_of_new(id, task, order, text, time)
  return '$REGISTERED\0\0\0\0' .. task .. '\0' .. order .. '\0\0\0\0' .. kept(id, text) .. '$REGISTERED' .. time .. '||'
end

-- One that was sent again is there already, or a second time in the list.
local function without_known(entries)
  local P, call, found, seen = KEYS[1] .. 'o:', redis.call, {}, {}
  for _, entry in ipairs(entries) do
    local id = entry[1]
    if not seen[id] and call('HEXISTS', P .. 'packed', id) + call('EXISTS', P .. 'i:' .. id) == 0 then
      found[#found + 1] = entry
    end
    seen[id] = true
  end
  return found
end

-- So many are entered by one command of each kind.
local function enter_slice(new, now)
  local P, call, format = KEYS[1] .. 'o:', redis.call, string.format
  local ids, entries = {}, {}
  for _, entry in ipairs(new) do
    local id, task, time, at = string.match(entry, '^([^%z]+)%z([^%z]*)%z([^%z]*)%z()')
    if id then
      ids[#ids + 1] = '0'
      ids[#ids + 1] = id
      -- By the clock of a client, which may be ahead.
      entries[#entries + 1] = {id, task, time < now and time or now, string.sub(entry, at)}
    end
  end
  if not entries[1] then return end
  if call('ZADD', P .. 'ids', unpack(ids)) < #entries then entries = without_known(entries) end
  local n = call('INCRBY', P .. 'n', format('%d', #entries)) - #entries
  local packed, all, ready, tasks = {}, {}, {}, {}
  for place, entry in ipairs(entries) do
    local id, task, time, text = unpack(entry)
    local order, last = format('%d', n + place), 2 * place
    packed[last - 1], packed[last] = id, record_of_new(id, task, order, text, time)
    all[last - 1], all[last] = order, id
    ready[last - 1], ready[last] = '0', format('$USUAL_PLACE%016d:', n + place) .. id
    local of_task = tasks[task] or {}
    tasks[task] = of_task
    of_task[#of_task + 1] = order
    of_task[#of_task + 1] = id
    note_entered(id, task, '$REGISTERED', 1, time)
  end
  if not all[1] then return end
  call('HSET', P .. 'packed', unpack(packed))
  call('ZADD', P .. 'all', unpack(all))
  call('ZADD', P .. 'ready', unpack(ready))
  for task, of_task in pairs(tasks) do
    call('ZADD', P .. 'task:' .. task, unpack(of_task))
    call('HINCRBY', P .. 'counts', '$REGISTERED' .. task, format('%d', #of_task / 2))
  end
end

local function enter_new()
  local key, call = KEYS[1] .. 'o:new', redis.call
  if call('EXISTS', key) == 0 then return end
  -- Who only reads is not refused where nothing can be written: what waits there is not to be seen until something can.
  if type(redis.pcall('RPUSH', key, '')) == 'table' then return end
  local clock = call('TIME')
  local now = clock[1] .. '.' .. string.sub('00000' .. clock[2], -6)
  repeat
    local new = call('LRANGE', key, '0', '499')
    enter_slice(new, now)
    call('LTRIM', key, '500', '-1')
  until not new[500]
  announce_occurred()
end
