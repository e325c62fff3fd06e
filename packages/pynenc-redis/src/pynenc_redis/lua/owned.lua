-- Part of scripts about what runners own.

-- Ids that belong to somebody, or to one runner; no more than a number, any of them.
local function owned_ids(limit, runner)
  local found = {}
  -- Each of them owns something.
  local owners = runner and {runner} or redis.call('SRANDMEMBER', KEYS[1] .. 'o:owners', limit)
  for _, owner in ipairs(owners) do
    if #found >= limit then break end
    for _, id in ipairs(redis.call('SRANDMEMBER', KEYS[1] .. 'o:own:' .. owner, limit - #found)) do
      found[#found + 1] = id
    end
  end
  return found
end
