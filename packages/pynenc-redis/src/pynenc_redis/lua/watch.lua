-- Tell a process when invocations are final. After outbox, watched, new. KEYS[1] the prefix.
-- ARGV[1] its channel, ARGV[2] 1: also when they become claimable, ARGV[3...] ids.
-- Returns {id} of each that is final; of a packed one {id, status letter, epoch, outcome}, as places.lua tells of ends.
enter_new()
local P = KEYS[1] .. 'o:'
local final = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  local exists, ended
  -- A packed record begins with its status: see record.lua.
  local text = redis.call('HGET', P .. 'packed', id)
  if text then
    exists, ended = true, string.find(text, '^[$SUCCESS$FAILED]')
  else
    exists, ended = unpack(redis.call('HMGET', P .. 'i:' .. id, 't', 'f'))
  end
  if ended then
    -- Runner, then seven other texts; the outcome is the line of the history that begins with a bracket.
    local runner, at = string.match(text or '', '^.[^%z]*%z([^%z]*)' .. string.rep('%z[^%z]*', 7) .. '%z()')
    if at and string.byte(text, at) == 91 then at = string.find(text, '\0', at, true) end
    local outcome = at and string.find(text, '\n[', at, true)
    final[#final + 1] = at
      and {id, string.sub(text, 1, 1), runner == '' and 0 or 1, outcome and string.sub(text, outcome + 1) or ''} or {id}
  elseif exists then
    redis.call('SADD', P .. 'h:' .. id, '-' .. ARGV[1])
    if ARGV[2] == '1' then redis.call('SADD', P .. 'h:' .. id, '+' .. ARGV[1]) end
  end
end
return final
