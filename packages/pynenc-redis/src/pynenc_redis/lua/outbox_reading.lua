-- Part of scripts that take or settle what an outbox holds; outbox.lua says what that is.

local function box_parse(text)
  local n, at, content = string.match(text, '^(%d+)\n([^\n]*)\n(.*)$')
  return tonumber(n), at, content
end

-- Lease the first ones that are `wanted`; returns {time, content} each.
local function box_take(base, limit, lease_seconds, now, wanted)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', base .. 'taken', '-inf', now)) do
    local text = redis.call('HGET', base .. 'data', key)
    if text then redis.call('ZADD', base .. 'ready', box_parse(text), key) end
    redis.call('ZREM', base .. 'taken', key)
  end
  local found, passed = {}, 0
  while #found < limit do
    local page = redis.call('ZRANGE', base .. 'ready', passed, passed + limit - 1)
    if not page[1] then break end
    for _, key in ipairs(page) do
      if #found < limit and wanted(key) then
        local _, at, content = box_parse(redis.call('HGET', base .. 'data', key))
        redis.call('ZREM', base .. 'ready', key)
        redis.call('ZADD', base .. 'taken', string.format('%.6f', now + lease_seconds), key)
        found[#found + 1] = {at, content}
      else
        passed = passed + 1
      end
    end
  end
  return found
end

local function box_settle(base, key)
  redis.call('HDEL', base .. 'data', key)
  redis.call('ZREM', base .. 'ready', key)
  redis.call('ZREM', base .. 'taken', key)
end
