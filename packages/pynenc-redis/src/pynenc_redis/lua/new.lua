-- Part of scripts that look at records or places, after outbox, watched: the short way of the usual calls, which is a list.
-- While more is queued than workers take, a client appends a call to <prefix>o:new by a command of its own, if the list is
-- there: id, task, and what its packed record ends with, which is text, zero and history entry. Three empty ones say no more
-- than that the list is there. Whoever looks at records enters all of it first, so that nobody else knows of it.

local WORDS = 3

-- The text of a call as a packed record has it: see record.lua.
local function kept(id, text)
  if #text <= $SHORT and not string.find(text, '\0', 1, true) then return text .. '\0' end
  redis.call('SET', KEYS[1] .. 'o:b:' .. id, text)
  return ''
end

-- The call in a packed record, if it has it, and where the entries begin; `at` is where the form ends.
local function call_within(text, at)
  if string.byte(text, at) ~= 91 then return nil, at end
  local stop = string.find(text, '\0', at, true)
  return string.sub(text, at, stop - 1), stop + 1
end

local function packed_new(task, order, ending)
  return '$REGISTERED\0\0\0\0' .. task .. '\0' .. order .. '\0\0\0\0' .. ending
end

-- Without what was sent again: it is there already, or a second time in the list.
local function without_known(new)
  local P, call, found, seen = KEYS[1] .. 'o:', redis.call, {}, {}
  for at = 1, #new, WORDS do
    local id = new[at]
    if id ~= '' and not seen[id] and call('HEXISTS', P .. 'packed', id) + call('EXISTS', P .. 'i:' .. id) == 0 then
      for word = at, at + WORDS - 1 do found[#found + 1] = new[word] end
      seen[id] = true
    end
  end
  return found
end

-- All of one kind is entered by one command.
local function enter(new)
  local P, call, format = KEYS[1] .. 'o:', redis.call, string.format
  local ids, last = {}, 0
  for at = 1, #new, WORDS do
    if new[at] ~= '' then
      ids[last + 1], ids[last + 2] = '0', new[at]
      last = last + 2
    end
  end
  if last == 0 then return end
  if call('ZADD', P .. 'ids', unpack(ids)) < last / 2 then
    new = without_known(new)
    if not new[1] then return end
  end
  local n = call('INCRBY', P .. 'n', format('%d', last / 2)) - last / 2
  local packed, all, ready, tasks = {}, {}, {}, {}
  last = 0
  for at = 1, #new, WORDS do
    local id, task = new[at], new[at + 1]
    if id ~= '' then
      n = n + 1
      local order = format('%d', n)
      packed[last + 1], packed[last + 2] = id, packed_new(task, order, new[at + 2])
      all[last + 1], all[last + 2] = order, id
      ready[last + 1], ready[last + 2] = '0', format('$USUAL_PLACE%016d:', n) .. id
      last = last + 2
      local of_task = tasks[task]
      if of_task then
        of_task[#of_task + 1] = order
        of_task[#of_task + 1] = id
      else
        tasks[task] = {order, id}
      end
      if watching then note_entered(id, task, '$REGISTERED', 1, string.match(new[at + 2], '%z.([^|]*)')) end
    end
  end
  call('HSET', P .. 'packed', unpack(packed))
  call('ZADD', P .. 'all', unpack(all))
  call('ZADD', P .. 'ready', unpack(ready))
  for task, of_task in pairs(tasks) do
    call('ZADD', P .. 'task:' .. task, unpack(of_task))
    call('HINCRBY', P .. 'counts', '$REGISTERED' .. task, format('%d', #of_task / 2))
  end
end

local function open_short_way() redis.call('RPUSH', KEYS[1] .. 'o:new', '', '', '') end

local function enter_new()
  local key, call = KEYS[1] .. 'o:new', redis.call
  if call('EXISTS', key) == 0 then return end
  -- Who only reads is not refused where nothing can be written: what waits there is not to be seen until something can.
  if type(redis.pcall('RPUSH', key, '', '', '')) == 'table' then return end
  repeat
    local new = call('LRANGE', key, '0', '1499')
    enter(new)
    call('LTRIM', key, '1500', '-1')
  until not new[1500]
  announce_occurred()
end
