-- Part of the scripts that change invocations, after session: rows, loaded once and changed in Lua.

-- What a packed record does not have, and no ck, g, wf, aw or ca either.
local OF_PACKED = {__index = {p = 0, d = 0, rt = 0, rr = 0, rc = 0, ci = 0, aw = false}}
-- Statuses of a packed record, and the fields that its history says.
local PACKED_STATUSES, SAID = '$PENDING$RUNNING$SUCCESS$FAILED', {pe = true, st = true, f = true}

local function is_final(row) return string.find('$FINAL', row.s, 1, true) end

-- What ended with a token belongs to nobody; the token stays where it was.
local function released(row)
  row.k, row.z = nil, row.k
  return row
end

local function packed_row(id, text)
  local status, token, runner, _, _, task, _, _, _, _, at = form_of(pcall(struct.unpack, FORM, text))
  local row = setmetatable({
    id = id, text = text, s = status, was = status, k = token ~= '' and token, r = runner ~= '' and runner,
    t = task, at = at, u = status == 'r' and '1', e = runner == '' and 0 or 1,
  }, OF_PACKED)
  return row.k and is_final(row) and released(row) or row
end

-- Load the packed ones of those that will be looked at, all at once.
local function preload(ids)
  local at = 0
  in_slices(ids, function(...)
    for _, text in ipairs(call('HMGET', P .. 'packed', ...)) do
      at = at + 1
      local id = ids[at]
      if text and rows[id] == nil then rows[id] = packed_row(id, text) end
    end
  end)
end

local function load_hash_row(id)
  -- All of it, because looking for each of many fields takes the server longer.
  local stored = call('HGETALL', P .. 'i:' .. id)
  local row = {id = id}
  for at = 1, #stored, 2 do
    if stored[at + 1] ~= '' then row[stored[at]] = stored[at + 1] end
  end
  if row.k then row.u = nil elseif row.s == 'r' then row.u = row.u or '1' end
  if not row.t then return false end
  row.was, row.p, row.d = row.s, number(row.p), number(row.d)
  row.e = row.e and tonumber(row.e) or row.r and 1 or 0
  row.rt, row.rr, row.rc, row.ci = number(row.rt), number(row.rr), number(row.rc), number(row.ci)
  return row.k and is_final(row) and released(row) or row
end

-- A record that exists, or false.
local function load_row(id)
  if rows[id] == nil then preload({id}) end
  if rows[id] == nil then rows[id] = load_hash_row(id) end
  return rows[id]
end

-- A field that few steps need, so that it is not looked for in a packed record.
local function recall(row, field)
  if row[field] == nil and row.text then row[field] = unpacked(row.text)[field] end
  return row[field]
end

local function touch(row)
  if not row.touched then
    row.touched = true
    dirty[#dirty + 1] = row
  end
end

-- The text of a packed record, as it is now.
local function packed(row)
  local text, steps = row.text, row.history
  if not steps then return text end
  steps = steps[2] and table.concat(steps, '\n') or steps[1]
  if row.outcome then steps = steps .. '\n' .. row.outcome end
  -- What is claimed had neither token nor runner, host and class.
  return row.head and row.s .. row.head .. string.sub(text, 6) .. '\n' .. steps
    or row.s .. string.sub(text, 2) .. '\n' .. steps
end

-- Something is written for which a packed record has no place.
local function unpack_row(row)
  if not row.text then return end
  local _, stored = unpacked(row.text)
  local fields, history, _, words = unpacked(packed(row))
  row.words = words
  row.text, row.stored, row.history, row.changes = nil, #stored, history, {}
  touch(row)
  for name, value in pairs(fields) do
    -- It may have been released just now.
    if row[name] == nil and name ~= 'k' then row[name] = value end
    if name ~= 's' then
      row.changes[#row.changes + 1] = name
      row.changes[#row.changes + 1] = value
    end
  end
end

-- The number of its last history entry.
local function seq_of(row)
  local new = row.history and #row.history or 0
  if row.text then return #select(2, unpacked(row.text)) + new end
  return row.stored and new or call('LLEN', P .. 'b:' .. row.id) - 2 + new
end

-- Write fields, field and value in turn; what a script looks at later is changed in the row by the caller.
local function write(row, changes)
  unpack_row(row)
  touch(row)
  if row.changes then
    for _, word in ipairs(changes) do row.changes[#row.changes + 1] = word end
  else
    row.changes = changes
  end
end

-- Change a field of a record; what is changed again is written twice, and the last value counts. A packed record says it
-- with its history, or has no such field anyway.
local function put(row, field, value)
  if not (row.text and (SAID[field] or value == '')) then write(row, {field, value}) end
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
  if row.text and not string.find(PACKED_STATUSES, status, 1, true) then unpack_row(row) end
  touch(row)
  local entry = entry_of(status, runner, reason)
  if row.history then row.history[#row.history + 1] = entry else row.history = {entry} end
  row.s = status
end
