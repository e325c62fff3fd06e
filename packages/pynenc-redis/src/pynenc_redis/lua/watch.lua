-- Tell a process when invocations are final. After record. KEYS[1] the prefix.
-- ARGV[1] its channel, ARGV[2] 1: also when they become claimable, ARGV[3...] ids. Returns those that are final.
local P = KEYS[1] .. 'o:'
local final = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  local v = look(id, 't', 'f')
  if v[2] then final[#final + 1] = id
  elseif v[1] then
    redis.call('SADD', P .. 'h:' .. id, '-' .. ARGV[1])
    if ARGV[2] == '1' then redis.call('SADD', P .. 'h:' .. id, '+' .. ARGV[1]) end
  end
end
return final
