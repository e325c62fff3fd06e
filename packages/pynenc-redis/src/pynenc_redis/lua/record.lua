-- Part of scripts that look at records, after outbox, watched, new. A record has one of two forms.
-- Packed, as long as it goes the way of most: called without options, claimed, started, ended in success or failure.
--   It is a field of the hash <prefix>o:packed, of which one command reads or writes many, by its id: FORM, the text of the
--   call and a zero, history entries, one per line, then the outcome if it ended with one. A text of a call that is long,
--   or has a zero itself, is <prefix>o:b:<id> instead.
-- Any other: o:i:<id> is a hash, of which session.lua says the fields; o:b:<id> is a list: the call, the outcome of the
--   last attempt, the history entries, and the outcome if it ended with one.
-- A history entry begins with a letter, a call and an outcome with a bracket.

-- Status, token, runner, its host and class, task, order of submission, parent, root if it is another, what it repeats.
local FORM = 'c1sssssssss'

enter_new()

local function is_outcome(text) return text and string.byte(text) == 91 end

local function entered_at(entry) return string.match(entry, '^.([^|]*)') end

-- What the form says, and where it ends; what somebody else wrote fails as a key of another type does.
local function form_of(known, ...)
  if not known then redis.call('LLEN', KEYS[1] .. 'o:packed') end
  return ...
end

-- Fields, history entries, outcome and, if it is within, the call of a packed record.
local function unpacked(text)
  local values = {form_of(pcall(struct.unpack, FORM, text))}
  local fields, history = {}, {}
  local words, at = call_within(text, values[11])
  for place, name in ipairs({'s', 'k', 'r', 'ho', 'cl', 't', 'n', 'pa', 'ro', 're'}) do
    if values[place] ~= '' then fields[name] = values[place] end
  end
  -- Since when it is available, when it was claimed, started and ended.
  local said = {r = 'v', p = 'pe', u = 'st', s = 'f', f = 'f'}
  while at <= #text and string.byte(text, at) ~= 91 do
    local stop = string.find(text, '\n', at, true) or #text + 1
    local entry = string.sub(text, at, stop - 1)
    history[#history + 1] = entry
    fields[said[string.sub(entry, 1, 1)]] = entered_at(entry)
    at = stop + 1
  end
  return fields, history, string.sub(text, at), words
end

-- The same of an id; nothing if it is not packed.
local function read_packed(id)
  local text = redis.call('HGET', KEYS[1] .. 'o:packed', id)
  if text then return unpacked(text) end
end

-- Some fields of a record, false each that it does not have.
local function look(id, ...)
  local fields = read_packed(id)
  if not fields then return redis.call('HMGET', KEYS[1] .. 'o:i:' .. id, ...) end
  local found = {}
  for at, name in ipairs({...}) do found[at] = fields[name] or false end
  return found
end

local function exists(id)
  return redis.call('HEXISTS', KEYS[1] .. 'o:packed', id) == 1 or redis.call('EXISTS', KEYS[1] .. 'o:i:' .. id) == 1
end

local function call_of(id)
  local fields, _, _, words = read_packed(id)
  if words then return words end
  local body = KEYS[1] .. 'o:b:' .. id
  return fields and redis.call('GET', body) or redis.call('LINDEX', body, 0)
end

-- History entries and outcome.
local function body_of(id)
  local fields, history, outcome = read_packed(id)
  if fields then return history, outcome end
  history = redis.call('LRANGE', KEYS[1] .. 'o:b:' .. id, 1, -1)
  outcome = table.remove(history, 1) or ''
  if is_outcome(history[#history]) then outcome = table.remove(history) end
  return history, outcome
end

-- All fields, none of what does not exist.
local function fields_of(id)
  local fields = read_packed(id)
  if fields then return fields end
  local stored = redis.call('HGETALL', KEYS[1] .. 'o:i:' .. id)
  fields = {}
  for at = 1, #stored, 2 do fields[stored[at]] = stored[at + 1] end
  return fields
end

-- Fields and values in turn, call and outcome; nothing if there is no record. Of its history there are q, the number of
-- entries, c and a, when it was created and when it entered its status.
local function read_record(id)
  local fields = fields_of(id)
  if not fields.s then return nil end
  local history, outcome = body_of(id)
  fields.q, fields.c, fields.a = #history, entered_at(history[1]), entered_at(history[#history])
  local words = {}
  for name, value in pairs(fields) do
    words[#words + 1] = name
    words[#words + 1] = value
  end
  return words, call_of(id), outcome
end
