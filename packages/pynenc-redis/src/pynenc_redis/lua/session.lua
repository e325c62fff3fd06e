-- Part of the scripts that change invocations, after watched: rows are loaded once, changed in Lua, written back by `flush`.
-- KEYS[1] is the prefix of all keys of the app, with its hash tag; every other key is made from it.
--
-- A record has two keys, <prefix>o:i:<id> (a hash of short values, so that it stays compact) and <prefix>o:b:<id>
-- (a list: the call, the outcome, then one element per history entry). Fields of the hash:
--   t task, s status letter, q seq, a status at, n order of submission, e epoch, k token, z token released last,
--   r runner, ho host, cl class of the runner, v available at, pe claimed at, st started at, f ended at,
--   rt retries, rr reroutes, rc recoveries, p priority, d dependents, u place (1 ready, 2 delayed, 3 parked),
--   ck, ci, cp concurrency key, limit, parks; g registration key, pa parent, wf its workflow,
--   ro root if it is another one, aw name that a workflow awaits,
--   ca args id of a reusable result, pl 1 if it is plain. An empty or absent field means none, or 0.

local P = KEYS[1] .. 'o:'
-- Names of the language are looked up by text each time, unless they are local.
local call, format, tonumber, ipairs, unpack = redis.call, string.format, tonumber, ipairs, unpack
local clock = call('TIME')
local now = format('%d.%06d', clock[1], clock[2])

local rows, dirty = {}, {}
local new_work, unparked, tidings = 0, {}, {}
-- An outcome of at most so many bytes travels with the news that it is there.
local SHORT = 1000
-- Written together at the end: ended ids with their time. Before the next claim: ids by the owner that lost them, and
-- ended ids whose waiters have not been told.
local ended, disowned, untold = {}, {}, {}

local function number(stored) return stored and tonumber(stored) or 0 end

-- The server writes each number as text anew, which takes as long as a whole command.
local texts = setmetatable({}, {__index = function(known, value)
  local text = format('%d', value)
  known[value] = text
  return text
end})
-- Reading one takes as long, too, and most counters are small.
local numbers = setmetatable({}, {__index = function(known, text)
  local value = tonumber(text)
  known[text] = value
  return value
end})

-- What a plain record does not have, and no ck, g, wf or ca either: most calls are made without options, and are
-- neither retried nor taken back. With any of these it is not plain any longer.
local ABSENT = {p = 0, d = 0, rt = 0, rr = 0, rc = 0, ci = 0, aw = false}
local plain_row = {__index = ABSENT}

-- Little of it, because each field takes the server as long as several of a table.
local function load_plain_row(id)
  local key = P .. 'i:' .. id
  local v = call('HMGET', key, 'pl', 't', 's', 'q', 'k', 'r')
  if v[1] ~= '1' then return false end
  local token = v[5] ~= '' and v[5]
  -- What somebody owns is in no queue.
  local place = not token and call('HGET', key, 'u')
  return setmetatable({
    id = id, pl = '1', t = v[2], s = v[3], was = v[3], q = numbers[v[4]], u = place ~= '' and place, k = token, r = v[6],
  }, plain_row)
end

-- One of which nothing was ever written but its registration: the rest of it is known.
local function load_fresh_row(id)
  local v = call('HMGET', P .. 'i:' .. id, 'pl', 'q', 't', 'a')
  return v[1] == '1' and v[2] == '1' and setmetatable({
    id = id, pl = '1', t = v[3], s = 'r', was = 'r', q = 1, e = 0, u = '1', registered = v[4],
  }, plain_row)
end

local function load_any_row(id)
  -- All of it, because looking for each of many fields takes the server longer.
  local stored = call('HGETALL', P .. 'i:' .. id)
  local row = {id = id}
  for at = 1, #stored, 2 do
    if stored[at + 1] ~= '' then row[stored[at]] = stored[at + 1] end
  end
  if not row.t then return false end
  row.was, row.q, row.e, row.p, row.d = row.s, numbers[row.q], number(row.e), number(row.p), number(row.d)
  row.rt, row.rr, row.rc, row.ci = number(row.rt), number(row.rr), number(row.rc), number(row.ci)
  return row
end

-- A record that exists, or false.
local function load_row(id)
  local row = rows[id]
  if row == nil then
    row = load_plain_row(id) or load_any_row(id)
    rows[id] = row
  end
  return row
end

-- One from the queue, most of which are fresh.
local function load_queued_row(id)
  if rows[id] == nil then rows[id] = load_fresh_row(id) or nil end
  return load_row(id)
end

-- A field that few steps need, so that it is not loaded with a plain record.
local function recall(row, field)
  if row[field] == nil then row[field] = call('HGET', P .. 'i:' .. row.id, field) end
  return row[field]
end

local function is_final(row) return string.find('sfxC', row.s, 1, true) end

local function touch(row)
  if not row.changes then
    row.changes = {}
    dirty[#dirty + 1] = row
  end
  return row.changes
end

-- Change a field of a record; what is changed again is written twice, and the last value counts.
local function put(row, field, value)
  local changes = touch(row)
  if row.pl and ABSENT[field] ~= nil then put(row, 'pl', '') end
  changes[#changes + 1] = field
  changes[#changes + 1] = value
  if value == '' then value = nil end
  row[field] = value
end

-- Write fields, field and value in turn; what a script looks at later is changed in the row by the caller.
local function write(row, changes)
  if row.changes then
    for _, word in ipairs(changes) do row.changes[#row.changes + 1] = word end
  else
    row.changes = changes
    dirty[#dirty + 1] = row
  end
end

-- Append a history entry; `runner` is an id, '=' for that of the entry before, or empty.
local function enter(row, status, runner, reason)
  if row.s == 'a' and not row.k then call('ZREM', P .. 'asleep', row.id) end
  touch(row)
  local history = row.history
  if not history then
    history = {}
    row.history = history
  end
  history[#history + 1] = status .. now .. '|' .. runner .. '|' .. reason
  row.s, row.q = status, row.q + 1
end

-- What is said of one that has ended: its state, unless that is long.
local function state_of(row)
  return #row.outcome <= SHORT and {row.s, recall(row, 'e'), row.outcome} or 'final'
end

-- Tell the processes that wait for an invocation; `final` or else claimable.
local function tell(id, final)
  local key = P .. 'h:' .. id
  local hearers = call('SMEMBERS', key)
  if not hearers[1] then return end
  for _, hearer in ipairs(hearers) do
    local wants_available = string.sub(hearer, 1, 1) == '+'
    if final or wants_available then
      local channel = string.sub(hearer, 2)
      tidings[channel] = tidings[channel] or {}
      tidings[channel][id] = final and state_of(rows[id]) or tidings[channel][id] or 'available'
      if not final then call('SREM', key, hearer) end
    end
  end
  if final then call('DEL', key) end
end

-- Place in the queue: by dependents (the score), then priority, then order of submission.
local function queue_member(row)
  local priority = math.max(-2147483647, math.min(2147483647, row.p))
  return format('%010d%016d:', 2147483648 - priority, recall(row, 'n')) .. row.id
end

local function leave_queue(row)
  if not row.u then return end
  if row.u == '1' then call('ZREM', P .. 'ready', queue_member(row))
  elseif row.u == '2' then call('ZREM', P .. 'due', row.id)
  elseif row.u == '3' then
    call('ZREM', P .. 'parked:' .. row.ck, row.id)
    call('ZREM', P .. 'parked', row.id)
  end
  put(row, 'u', '')
end

local function make_ready(row)
  call('ZADD', P .. 'ready', -row.d, queue_member(row))
  put(row, 'u', '1')
  tell(row.id, false)
end

-- Make a record in an available status claimable after a delay.
local function enqueue(row, delay)
  new_work = new_work + 1
  if delay > 0 then
    local due = format('%.6f', now + delay)
    call('ZADD', P .. 'due', due, row.id)
    put(row, 'v', due)
    put(row, 'u', '2')
  else
    put(row, 'v', now)
    make_ready(row)
  end
end

-- Let a workflow await messages of a name, or nothing.
local function await(row, name)
  if row.aw then call('SREM', P .. 'awaits:' .. row.aw, row.id) end
  if name then call('SADD', P .. 'awaits:' .. name, row.id) end
  if row.aw or name then put(row, 'aw', name or '') end
end

local function leave_registration(row)
  if row.g then
    if call('HGET', P .. 'reg', row.g) == row.id then call('HDEL', P .. 'reg', row.g) end
    put(row, 'g', '')
  end
end

-- Nobody waits for it any longer.
local function end_waits_for(id)
  local key = P .. 'wb:' .. id
  local waiters = call('SMEMBERS', key)
  if #waiters == 0 then return end
  for _, waiter in ipairs(waiters) do
    local on = P .. 'w:' .. waiter
    call('SREM', on, id)
    if call('EXISTS', on) == 0 then call('SREM', P .. 'waiters', waiter) end
  end
  call('DEL', key)
end

-- What follows from a final status.
local function end_row(row, outcome)
  leave_queue(row)
  leave_registration(row)
  await(row, nil)
  put(row, 'f', now)
  row.outcome = outcome
  if row.s ~= 's' then call('ZADD', P .. 'unsuccessful', recall(row, 'n'), row.id) end
  if row.s == 'f' then call('ZADD', P .. 'failed', now, row.id) end
  ended[#ended + 1] = now
  ended[#ended + 1] = row.id
  if row.ca and row.s == 's' then
    call('ZADD', P .. 'results:' .. row.t .. ':' .. row.ca, row.n, row.id)
  end
  untold[#untold + 1] = row.id
end

-- It belongs to nobody any longer.
local function disown(row)
  local ids = disowned[row.r]
  if ids then ids[#ids + 1] = row.id else disowned[row.r] = {row.id} end
  if row.ck then call('SREM', P .. 'held:' .. row.ck, row.id) end
end

-- Slices of what may be too long for one command.
local function in_slices(words, act)
  for from = 1, #words, 1000 do act(unpack(words, from, math.min(from + 999, #words))) end
end

-- Tell those who wait for what ended, before anything else looks at waits.
local function settle_untold()
  if not untold[1] then return end
  local keys, some = {}, false
  for _, id in ipairs(untold) do
    keys[#keys + 1] = P .. 'wb:' .. id
    keys[#keys + 1] = P .. 'h:' .. id
  end
  -- Nobody waits for most of them, which one look says of all.
  in_slices(keys, function(...) some = call('EXISTS', ...) > 0 or some end)
  for _, id in ipairs(some and untold or {}) do
    end_waits_for(id)
    tell(id, true)
  end
  untold = {}
end

-- Write who lost what, before somebody else is given it.
local function settle_owners()
  for runner, ids in pairs(disowned) do
    local owned = P .. 'own:' .. runner
    in_slices(ids, function(...) call('SREM', owned, ...) end)
    if call('EXISTS', owned) == 0 then call('SREM', P .. 'owners', runner) end
  end
  disowned = {}
end

-- Release the head of a key's line, if there is a place for it.
local function unpark(key, runner)
  local head = call('ZRANGE', P .. 'parked:' .. key, 0, 0)[1]
  local row = head and load_row(head)
  if row and call('SCARD', P .. 'held:' .. key) < row.ci then
    leave_queue(row)
    enter(row, 'o', runner, '')
    enqueue(row, 0)
    unparked[#unparked + 1] = row.id
  end
end

-- Let idle workers look; a token says that there is work, not which. More than a few say nothing more.
local function wake(pieces)
  if pieces > 0 then
    local key = KEYS[1] .. 'wake'
    for _ = 1, math.min(pieces, 8 - call('LLEN', key)) do call('RPUSH', key, '1') end
  end
end

-- Write everything; the last act of a script.
local function flush()
  if dirty[1] then call('INCR', P .. 'changes') end
  settle_owners()
  settle_untold()
  in_slices(ended, function(...) call('ZADD', P .. 'ended', ...) end)
  -- How many went from a status to another one, by their letters and the task.
  local changed = {}
  for _, row in ipairs(dirty) do
    local body = P .. 'b:' .. row.id
    if row.history then
      call('HSET', P .. 'i:' .. row.id, 's', row.s, 'q', texts[row.q], 'a', now, unpack(row.changes))
      call('RPUSH', body, unpack(row.history))
    else
      call('HSET', P .. 'i:' .. row.id, unpack(row.changes))
    end
    if row.outcome then call('LSET', body, '1', row.outcome) end
    if watching and row.history then
      for at, entry in ipairs(row.history) do
        note_entered(row.id, row.t, string.sub(entry, 1, 1), row.q - #row.history + at, now)
      end
    end
    if row.s ~= row.was then
      local change = row.was .. row.s .. row.t
      changed[change] = (changed[change] or 0) + 1
    end
  end
  local counts = {}
  for change, number in pairs(changed) do
    local from, to = string.sub(change, 1, 1) .. string.sub(change, 3), string.sub(change, 2)
    counts[from] = (counts[from] or 0) - number
    counts[to] = (counts[to] or 0) + number
  end
  for key, number in pairs(counts) do
    if number ~= 0 and call('HINCRBY', P .. 'counts', key, number) == 0 then call('HDEL', P .. 'counts', key) end
  end
  wake(new_work)
  announce_occurred()
  for channel, news in pairs(tidings) do call('PUBLISH', channel, cjson.encode(news)) end
end
