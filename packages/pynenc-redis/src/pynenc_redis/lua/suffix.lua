-- A part of the list of ids, from its end: those that end so. After outbox, watched, new. KEYS[1] the prefix of the app.
-- ARGV[1] how they end, ARGV[2] id to go on from or '', ARGV[3] how many are looked at.
-- Returns {ids, id to go on from or '' at the beginning of the list}.
enter_new()
local suffix, from, looks = ARGV[1], ARGV[2], tonumber(ARGV[3])
local ids = redis.call('ZREVRANGEBYLEX', KEYS[1] .. 'o:ids', from == '' and '+' or '(' .. from, '-', 'LIMIT', 0, looks)
local found = {}
for _, id in ipairs(ids) do
  if string.sub(id, -#suffix) == suffix then found[#found + 1] = id end
end
return {found, #ids == looks and ids[#ids] or ''}
