-- Part of scripts that read: what the store answers about one invocation.
-- Id, status letter, epoch, outcome; of those that exist.
local function states(ids)
  local found = {}
  for _, id in ipairs(ids) do
    local v = redis.call('HMGET', KEYS[1] .. 'o:i:' .. id, 's', 'e')
    if v[1] then
      found[#found + 1] = {id, v[1], v[2] or '0', redis.call('LINDEX', KEYS[1] .. 'o:b:' .. id, 1) or ''}
    end
  end
  return found
end
