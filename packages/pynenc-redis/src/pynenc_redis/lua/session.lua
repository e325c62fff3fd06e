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
--   ca args id of a reusable result. An empty or absent field means none, or 0.

local P = KEYS[1] .. 'o:'
-- Names of the language are looked up by text each time, unless they are local.
local call, format, tonumber, ipairs, unpack = redis.call, string.format, tonumber, ipairs, unpack
local clock = call('TIME')
local now = format('%d.%06d', clock[1], clock[2])

local rows, dirty, counts = {}, {}, {}
local new_work, unparked, tidings = 0, {}, {}
-- An outcome of at most so many bytes travels with the news that it is there.
local SHORT = 1000
-- Written together at the end: ended ids with their time. Before the next claim: ids by the owner that lost them, and
-- ended ids whose waiters have not been told.
local ended, disowned, untold = {}, {}, {}

local function number(stored) return stored and tonumber(stored) or 0 end

-- A record that exists, or false.
local function load_row(id)
  local row = rows[id]
  if row ~= nil then return row end
  -- All of it, because looking for each of the needed fields takes the server longer.
  local stored = call('HGETALL', P .. 'i:' .. id)
  row = {id = id, history = {}}
  for at = 1, #stored, 2 do
    if stored[at + 1] ~= '' then row[stored[at]] = stored[at + 1] end
  end
  if not row.t then
    rows[id] = false
    return false
  end
  row.was, row.q, row.e, row.p, row.d = row.s, tonumber(row.q), number(row.e), number(row.p), number(row.d)
  row.rt, row.rr, row.rc, row.ci = number(row.rt), number(row.rr), number(row.rc), number(row.ci)
  rows[id] = row
  return row
end

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
  changes[#changes + 1] = field
  changes[#changes + 1] = value
  if value == '' then value = nil end
  row[field] = value
end

-- Change several fields; `changes` are field and value in turn.
local function put_all(row, changes)
  if row.changes then
    for at = 1, #changes, 2 do put(row, changes[at], changes[at + 1]) end
    return
  end
  row.changes = changes
  dirty[#dirty + 1] = row
  for at = 1, #changes, 2 do
    local value = changes[at + 1]
    if value == '' then value = nil end
    row[changes[at]] = value
  end
end

-- Append a history entry; `runner` is an id, '=' for that of the entry before, or empty.
local function enter(row, status, runner, reason)
  if row.s == 'a' and not row.k then call('ZREM', P .. 'asleep', row.id) end
  touch(row)
  row.history[#row.history + 1] = status .. now .. '|' .. runner .. '|' .. reason
  row.s, row.q, row.a = status, row.q + 1, now
end

local function add_count(task, status, number)
  local key = status .. task
  counts[key] = (counts[key] or 0) + number
end

-- What is said of one that has ended: its state, unless that is long.
local function state_of(row)
  return #row.outcome <= SHORT and {row.s, row.e, row.outcome} or 'final'
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
  return format('%010d%016d:', 2147483648 - priority, row.n) .. row.id
end

local function leave_queue(row)
  if row.u == '1' then call('ZREM', P .. 'ready', queue_member(row))
  elseif row.u == '2' then call('ZREM', P .. 'due', row.id)
  elseif row.u == '3' then
    call('ZREM', P .. 'parked:' .. row.ck, row.id)
    call('ZREM', P .. 'parked', row.id)
  end
  if row.u then put(row, 'u', '') end
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
  if row.s ~= 's' then call('ZADD', P .. 'unsuccessful', row.n, row.id) end
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
  for _, row in ipairs(dirty) do
    call('HSET', P .. 'i:' .. row.id, 's', row.s, 'q', row.q, 'a', row.a, unpack(row.changes))
    if row.outcome then call('LSET', P .. 'b:' .. row.id, 1, row.outcome) end
    if row.history[1] then call('RPUSH', P .. 'b:' .. row.id, unpack(row.history)) end
    if watching then
      for at, entry in ipairs(row.history) do
        note_entered(row.id, row.t, string.sub(entry, 1, 1), row.q - #row.history + at, now)
      end
    end
    if row.s ~= row.was then
      add_count(row.t, row.was, -1)
      add_count(row.t, row.s, 1)
    end
  end
  for key, number in pairs(counts) do
    if number ~= 0 and call('HINCRBY', P .. 'counts', key, number) == 0 then call('HDEL', P .. 'counts', key) end
  end
  wake(new_work)
  announce_occurred()
  for channel, news in pairs(tidings) do call('PUBLISH', channel, cjson.encode(news)) end
end
