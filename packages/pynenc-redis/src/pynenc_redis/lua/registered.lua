-- A part of what was registered since an instant, the last one first; looks at no more than a number of records.
-- After record. KEYS[1] the prefix. ARGV[1] the instant, ARGV[2] how many, ARGV[3] the order to go on from, or ''.
-- Returns {{registration, status, task, id, runner, start, availability, end}, ...}, order to go on from or '' at the end.
local P = KEYS[1] .. 'o:'
local call = redis.call
local since, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local from = ARGV[3] ~= '' and '(' .. ARGV[3] or '+inf'
local page = call('ZREVRANGEBYSCORE', P .. 'all', from, '-inf', 'WITHSCORES', 'LIMIT', 0, limit)
if not page[1] then return {{}, ''} end
local keys = {}
for at = 1, #page, 2 do keys[#keys + 1] = P .. 'i:' .. page[at] end
local texts = call('MGET', unpack(keys))
local found = {}
for at = 1, #page, 2 do
  local id = page[at]
  local fields, history = nil, nil
  if texts[(at + 1) / 2] then fields, history = unpacked(texts[(at + 1) / 2]) end
  if not fields then
    local v = call('HMGET', P .. 'i:' .. id, 's', 't', 'r', 'st', 'v', 'f')
    fields = {s = v[1], t = v[2], r = v[3], st = v[4], v = v[5], f = v[6]}
    history = {call('LINDEX', P .. 'b:' .. id, 2)}
  end
  if fields.s and history[1] then
    local created = entered_at(history[1])
    if tonumber(created) < since then return {found, ''} end
    found[#found + 1] = {created, fields.s, fields.t, id, fields.r or '', fields.st or '', fields.v, fields.f or ''}
  end
end
return {found, #page == 2 * limit and page[#page] or ''}
