-- What runners own that are dead or stopped. After record. KEYS[1] the prefix. ARGV[1] limit, ARGV[2...] the dead.
-- Returns {id, task, status, seq, epoch, recoveries, runner} each.
local P = KEYS[1] .. 'o:'
local dead, found = {}, {}
for at = 2, #ARGV do dead[ARGV[at]] = true end
for _, runner in ipairs(redis.call('SMEMBERS', P .. 'owners')) do
  if dead[runner] or redis.call('ZSCORE', P .. 'gone', runner) then
    for _, id in ipairs(redis.call('SMEMBERS', P .. 'own:' .. runner)) do
      if #found == tonumber(ARGV[1]) then return found end
      local v = look(id, 't', 's', 'e', 'rc')
      if v[1] then
        found[#found + 1] = {id, v[1], v[2], #body_of(id), v[3] or '1', v[4] or '0', runner}
      end
    end
  end
end
return found
