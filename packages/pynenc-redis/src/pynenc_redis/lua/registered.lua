-- A part of what was registered since an instant, the last one first; looks at no more than a number of records.
-- After record. KEYS[1] the prefix. ARGV[1] the instant, ARGV[2] how many, ARGV[3] the order to go on from, or ''.
-- Returns {[[registration, status, task, id, runner, start, availability, end], ...] in JSON, which is one value for the
-- server and the client where rows were thousands, order to go on from or '' at the end}.
local P = KEYS[1] .. 'o:'
local call, match, unpack_fields = redis.call, string.match, struct.unpack
local since, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local from = ARGV[3] ~= '' and '(' .. ARGV[3] or '+inf'

-- Of a packed record, without what no row has: its fields and entries are not made into tables.
local function packed_row(id, text)
  local status, _, runner, _, _, task, _, _, _, _, stop = unpack_fields(FORM, text)
  local letter, time, created, available, started, ended
  local _, at = call_within(text, stop)
  while true do
    letter, time, at = match(text, '^([^%[])([^|\n]*)[^\n]*\n?()', at)
    if not letter then return created and {created, status, task, id, runner, started or '', available, ended or ''} end
    created = created or time
    if letter == 'r' then available = time
    elseif letter == 'u' then started = time
    elseif letter == 's' or letter == 'f' then ended = time end
  end
end

local function row_of(id)
  local created = call('LINDEX', P .. 'b:' .. id, 2)
  local v = call('HMGET', P .. 'i:' .. id, 's', 't', 'r', 'st', 'v', 'f')
  if v[1] and created then
    return {entered_at(created), v[1], v[2], id, v[3] or '', v[4] or '', v[5], v[6] or ''}
  end
end

local page = call('ZREVRANGEBYSCORE', P .. 'all', from, '-inf', 'WITHSCORES', 'LIMIT', 0, limit)
if not page[1] then return {'[]', ''} end
local ids = {}
for at = 1, #page, 2 do ids[#ids + 1] = page[at] end
local texts = call('HMGET', P .. 'packed', unpack(ids))
local found, order = {}, #page == 2 * limit and page[#page] or ''
for at = 1, #page, 2 do
  local text = texts[(at + 1) / 2]
  local row = text and packed_row(page[at], text) or row_of(page[at])
  if row then
    if tonumber(row[1]) < since then order = '' break end
    found[#found + 1] = row
  end
end
return {found[1] and cjson.encode(found) or '[]', order}
