-- The first lines of a call and of its outcome, and as much of what follows as was asked for. After record.
-- KEYS[1] the prefix. ARGV[1] id, ARGV[2] bytes. Returns two texts, or nothing.
local function cut(text)
  local stop = (string.find(text, '\n', 1, true) or 0) + ARGV[2]
  if stop >= #text then return text end
  -- No character is cut in two: what goes on with such a byte began before.
  while string.byte(text, stop + 1) >= 128 and string.byte(text, stop + 1) < 192 do stop = stop - 1 end
  return string.sub(text, 1, stop)
end
local text = call_of(ARGV[1])
local _, outcome = body_of(ARGV[1])
return text and {cut(text), cut(outcome)} or {}
