-- Read cursors, or raise them. KEYS[1] the prefix. ARGV[1] 1: raise those that exist, else create those that do not;
-- then name and instant each. Returns the instants stored.
local key = KEYS[1] .. 't:cursors'
local found = {}
for at = 2, #ARGV, 2 do
  local stored = redis.call('HGET', key, ARGV[at])
  local raise = ARGV[1] == '1' and stored and tonumber(stored) < tonumber(ARGV[at + 1])
  if raise or (ARGV[1] ~= '1' and not stored) then
    redis.call('HSET', key, ARGV[at], ARGV[at + 1])
    stored = ARGV[at + 1]
  end
  found[at / 2] = stored
end
return found
