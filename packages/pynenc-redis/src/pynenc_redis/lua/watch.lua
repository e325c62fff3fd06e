-- Tell a process when invocations are final. KEYS[1] the prefix.
-- ARGV[1] its channel, ARGV[2] 1: also when they become claimable, ARGV[3...] ids.
-- Returns {id} of each that is final; of a packed one {id, status letter, epoch, outcome}, as places.lua tells of ends.
local P = KEYS[1] .. 'o:'
local final = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  local key, exists, ended = P .. 'i:' .. id, nil, nil
  -- A packed record begins with its status: see record.lua.
  local text = redis.call('MGET', key)[1]
  if text then
    exists, ended = true, string.find(text, '^[$SUCCESS$FAILED]')
  else
    exists, ended = unpack(redis.call('HMGET', key, 't', 'f'))
  end
  if ended then
    -- Runner, then the history behind eight other texts; the outcome is the line that begins with a bracket.
    local runner, history = string.match(text or '', '^.[^%z]*%z([^%z]*)' .. string.rep('%z[^%z]*', 7) .. '%z(.*)$')
    local at = history and string.find(history, '\n[', 1, true)
    final[#final + 1] = history
      and {id, string.sub(text, 1, 1), runner == '' and 0 or 1, at and string.sub(history, at + 1) or ''} or {id}
  elseif exists then
    redis.call('SADD', P .. 'h:' .. id, '-' .. ARGV[1])
    if ARGV[2] == '1' then redis.call('SADD', P .. 'h:' .. id, '+' .. ARGV[1]) end
  end
end
return final
