-- Tell a process when invocations are final. KEYS[1] the prefix.
-- ARGV[1] its channel, ARGV[2] 1: also when they become claimable, ARGV[3...] ids. Returns those that are final.
local P = KEYS[1] .. 'o:'
local final = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  local key, exists, ended = P .. 'i:' .. id, nil, nil
  -- A packed record begins with its status: see record.lua.
  local text = redis.call('MGET', key)[1]
  if text then
    exists, ended = true, string.find(text, '^[sf]')
  else
    exists, ended = unpack(redis.call('HMGET', key, 't', 'f'))
  end
  if ended then final[#final + 1] = id
  elseif exists then
    redis.call('SADD', P .. 'h:' .. id, '-' .. ARGV[1])
    if ARGV[2] == '1' then redis.call('SADD', P .. 'h:' .. id, '+' .. ARGV[1]) end
  end
end
return final
