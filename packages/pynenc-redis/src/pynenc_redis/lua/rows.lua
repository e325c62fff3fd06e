-- Part of the scripts that change invocations, after session: rows, loaded once and changed in Lua.

-- What a plain record does not have, and no ck, g, wf or ca either: most calls are made without options, and are
-- neither retried nor taken back. With any of these it is not plain any longer.
local ABSENT = {p = 0, d = 0, rt = 0, rr = 0, rc = 0, ci = 0, aw = false}
local plain_row = {__index = ABSENT}

local function is_final(row) return string.find('sfxC', row.s, 1, true) end

-- What ended with a token belongs to nobody; the token stays where it was.
local function released(row)
  row.k, row.z = nil, row.k
  return row
end

-- Little of it, because each field takes the server as long as several of a table.
local function load_plain_row(id)
  local key = P .. 'i:' .. id
  local v = call('HMGET', key, 'pl', 't', 's', 'q', 'k', 'r')
  if v[1] ~= '1' then return false end
  local token, status = v[5] ~= '' and v[5], v[3]
  -- What somebody owns is in no queue.
  local place = not token and call('HGET', key, 'u')
  local row = setmetatable({
    id = id, key = key, pl = '1', t = v[2], s = status, was = status, q = numbers[v[4]], u = place ~= '' and place,
    k = token, r = v[6],
  }, plain_row)
  return token and is_final(row) and released(row) or row
end

-- One of which nothing was ever written but its registration: the rest of it is known.
local function load_fresh_row(id)
  local key = P .. 'i:' .. id
  local v = call('HMGET', key, 'pl', 'q', 't', 'a')
  return v[1] == '1' and v[2] == '1' and setmetatable({
    id = id, key = key, pl = '1', t = v[3], s = 'r', was = 'r', q = 1, e = 0, u = '1', registered = v[4],
  }, plain_row)
end

local function load_any_row(id)
  -- All of it, because looking for each of many fields takes the server longer.
  local key = P .. 'i:' .. id
  local stored = call('HGETALL', key)
  local row = {id = id, key = key}
  for at = 1, #stored, 2 do
    if stored[at + 1] ~= '' then row[stored[at]] = stored[at + 1] end
  end
  if row.k then row.u = nil end
  if not row.t then return false end
  row.was, row.q, row.e, row.p, row.d = row.s, numbers[row.q], number(row.e), number(row.p), number(row.d)
  row.rt, row.rr, row.rc, row.ci = number(row.rt), number(row.rr), number(row.rc), number(row.ci)
  return row.k and is_final(row) and released(row) or row
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
  if row[field] == nil then row[field] = call('HGET', row.key, field) end
  return row[field]
end

local function touch(row)
  if not row.touched then
    row.touched = true
    dirty[#dirty + 1] = row
  end
end

-- Write fields, field and value in turn; what a script looks at later is changed in the row by the caller.
local function write(row, changes)
  touch(row)
  if row.changes then
    for _, word in ipairs(changes) do row.changes[#row.changes + 1] = word end
  else
    row.changes = changes
  end
end

-- Change a field of a record; what is changed again is written twice, and the last value counts.
local function put(row, field, value)
  if row.pl and ABSENT[field] ~= nil then put(row, 'pl', '') end
  write(row, {field, value})
  if value == '' then value = nil end
  row[field] = value
end

-- The text of a history entry. Most that one script writes in a status are the same, and making a text takes long.
local function entry_of(status, runner, reason)
  local known = entries[status]
  if not known or known.runner ~= runner or known.reason ~= reason then
    known = {runner = runner, reason = reason, text = status .. now .. '|' .. runner .. '|' .. reason}
    entries[status] = known
  end
  return known.text
end

-- Append a history entry; `runner` is an id, '=' for that of the entry before, or empty.
local function enter(row, status, runner, reason)
  if row.s == 'a' and not row.k then call('ZREM', P .. 'asleep', row.id) end
  touch(row)
  local entry = entry_of(status, runner, reason)
  if row.history then row.history[#row.history + 1] = entry else row.history = {entry} end
  row.s, row.q = status, row.q + 1
end
