-- Part of scripts about occurrences. An outbox is four keys below `base`: n (the last number given), ready (keys by
-- number), taken (keys by the end of their lease), data (key -> number, time and content, one per line).

-- Record one; false when it is there already.
local function box_put(base, key, content, now)
  if redis.call('HEXISTS', base .. 'data', key) == 1 then return false end
  local n = redis.call('INCR', base .. 'n')
  redis.call('HSET', base .. 'data', key, n .. '\n' .. now .. '\n' .. content)
  redis.call('ZADD', base .. 'ready', n, key)
  return true
end
