-- Part of advance: who waits for whom. <prefix>o:w:<waiter> and o:wb:<awaited> are sets of ids, o:waiters those who wait.
local MAX_HOPS = 32

local function waits_of(id) return call('SMEMBERS', P .. 'w:' .. id) end

-- `ids` and what these wait for, each once, at most so many steps deep; `ids` are the first step.
local function reach(ids, hops)
  local reached, seen, level = {}, {}, {}
  for _, id in ipairs(ids) do
    if not seen[id] then
      seen[id] = true
      level[#level + 1] = id
    end
  end
  while #level > 0 and hops > 0 do
    local following = {}
    for _, id in ipairs(level) do
      reached[#reached + 1] = id
      local row = rows[id]
      -- What is known to be claimable or final waits for nothing, which spares the look-up.
      if not (row and (row.u or is_final(row))) then
        for _, found in ipairs(waits_of(id)) do
          if not seen[found] then
            seen[found] = true
            following[#following + 1] = found
          end
        end
      end
    end
    level, hops = following, hops - 1
  end
  return reached
end

local function pass_weight_on(awaited, weight)
  for _, id in ipairs(reach(awaited, MAX_HOPS)) do
    local row = load_row(id)
    if row then
      put(row, 'd', math.max(0, row.d + weight))
      if row.u == '1' then call('ZADD', P .. 'ready', 'XX', -row.d, queue_member(row)) end
    end
  end
end

local function add_waits(waiter, ids)
  local awaited = {}
  for _, id in ipairs(ids) do
    local row = load_row(id)
    if row and not is_final(row) and call('SADD', P .. 'w:' .. waiter.id, id) == 1 then
      call('SADD', P .. 'wb:' .. id, waiter.id)
      awaited[#awaited + 1] = id
    end
  end
  if #awaited > 0 then call('SADD', P .. 'waiters', waiter.id) end
  pass_weight_on(awaited, 1 + (waiter.d or 0))
end

-- End the waits of an invocation, and take back the weight that it gave.
local function remove_waits(waiter)
  local awaited = waits_of(waiter.id)
  if #awaited == 0 then return end
  pass_weight_on(awaited, -1 - (waiter.d or 0))
  for _, id in ipairs(awaited) do call('SREM', P .. 'wb:' .. id, waiter.id) end
  call('DEL', P .. 'w:' .. waiter.id)
  call('SREM', P .. 'waiters', waiter.id)
end
