-- Say that a newer version writes here from now on. KEYS[1] the prefix. ARGV[1] the version, ARGV[2...] sections.
for at = 2, #ARGV do
  local key = KEYS[1] .. ARGV[at] .. 'schema'
  local found = redis.call('GET', key)
  if found and tonumber(found) < tonumber(ARGV[1]) then redis.call('SET', key, ARGV[1]) end
end
