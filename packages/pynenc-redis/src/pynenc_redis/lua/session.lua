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
local call = redis.call
local clock = call('TIME')
local now = string.format('%d.%06d', clock[1], clock[2])

local rows, dirty, counts = {}, {}, {}
local new_work, unparked, tidings = 0, {}, {}

local function text(value)
  if value == false or value == nil or value == '' then return nil end
  return value
end

-- A record that exists, or false.
local function load_row(id)
  local row = rows[id]
  if row ~= nil then return row end
  local v = call('HMGET', P .. 'i:' .. id, 't', 's', 'q', 'n', 'e', 'k', 'z', 'r', 'rt', 'rr', 'rc', 'p', 'd', 'u',
    'ck', 'ci', 'cp', 'g', 'f', 'ca', 'v', 'wf', 'aw')
  if not v[1] then
    rows[id] = false
    return false
  end
  row = {
    id = id, t = v[1], s = v[2], was = v[2], q = tonumber(v[3]), n = v[4], e = tonumber(v[5] or 0), k = text(v[6]),
    z = text(v[7]), r = text(v[8]), rt = tonumber(v[9] or 0), rr = tonumber(v[10] or 0), rc = tonumber(v[11] or 0),
    p = tonumber(v[12] or 0), d = tonumber(v[13] or 0), u = text(v[14]), ck = text(v[15]), ci = tonumber(v[16] or 0),
    cp = text(v[17]), g = text(v[18]), f = text(v[19]), ca = text(v[20]), v = v[21],
    wf = text(v[22]), aw = text(v[23]), history = {},
  }
  rows[id] = row
  return row
end

-- Change fields of a record: put(row, field, value, ...)
local function put(row, ...)
  local changes = row.changes
  if not changes then
    changes = {}
    row.changes = changes
    dirty[#dirty + 1] = row
  end
  local given = {...}
  for at = 1, #given, 2 do
    row[given[at]] = text(given[at + 1])
    changes[given[at]] = given[at + 1]
  end
end

-- Append a history entry; `runner` is an id, '=' for that of the entry before, or empty.
local function enter(row, status, runner, reason)
  if row.s == 'a' and not row.k then call('ZREM', P .. 'asleep', row.id) end
  row.history[#row.history + 1] = status .. now .. '|' .. runner .. '|' .. reason
  put(row, 's', status, 'q', row.q + 1, 'a', now)
end

local function add_count(task, status, number)
  local key = status .. task
  counts[key] = (counts[key] or 0) + number
end

-- Tell the processes that wait for an invocation; `final` or else claimable.
local function tell(id, final)
  local key = P .. 'h:' .. id
  for _, hearer in ipairs(call('SMEMBERS', key)) do
    local wants_available = string.sub(hearer, 1, 1) == '+'
    if final or wants_available then
      local channel = string.sub(hearer, 2)
      tidings[channel] = tidings[channel] or {}
      tidings[channel][id] = final and 'final' or tidings[channel][id] or 'available'
      if not final then call('SREM', key, hearer) end
    end
  end
  if final then call('DEL', key) end
end

-- Place in the queue: by dependents (the score), then priority, then order of submission.
local function queue_member(row)
  local priority = math.max(-2147483647, math.min(2147483647, row.p))
  return string.format('%010d%016d:', 2147483648 - priority, row.n) .. row.id
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
    local due = string.format('%.6f', now + delay)
    call('ZADD', P .. 'due', due, row.id)
    put(row, 'v', due, 'u', '2')
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
  call('ZADD', P .. 'ended', now, row.id)
  if row.s ~= 's' then call('ZADD', P .. 'unsuccessful', row.n, row.id) end
  if row.s == 'f' then call('ZADD', P .. 'failed', now, row.id) end
  if row.ca and row.s == 's' then
    call('ZADD', P .. 'results:' .. row.t .. ':' .. row.ca, row.n, row.id)
  end
  end_waits_for(row.id)
  tell(row.id, true)
end

-- It belongs to nobody any longer.
local function disown(row)
  local owned = P .. 'own:' .. row.r
  call('SREM', owned, row.id)
  if call('EXISTS', owned) == 0 then call('SREM', P .. 'owners', row.r) end
  if row.ck then call('SREM', P .. 'held:' .. row.ck, row.id) end
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
  for _, row in ipairs(dirty) do
    local fields = {}
    for field, value in pairs(row.changes) do
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
    call('HSET', P .. 'i:' .. row.id, unpack(fields))
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
