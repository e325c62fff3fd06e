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

-- Who holds the places of a full concurrency key because of which an invocation may not run.
local function holders_before(id)
  local row = load_row(id)
  if not row or not row.ck or row.k or is_final(row) or not (row.cp or row.e > 0) then return {} end
  local holders = call('SMEMBERS', P .. 'held:' .. row.ck)
  return #holders >= row.ci and holders or {}
end

-- What each waits for, and who holds its place, of all that `waiter` would depend on; the order in which they were
-- found; and whether it is among what they depend on.
local function reached(waiter, awaited)
  local waits, holders, line, is_back = {[waiter] = awaited}, {[waiter] = {}}, {waiter}, false
  local at = 1
  while line[at] do
    for _, edges in ipairs({waits[line[at]], holders[line[at]]}) do
      for _, id in ipairs(edges) do
        if id == waiter then
          is_back = true
        elseif not waits[id] then
          waits[id], holders[id] = waits_of(id), holders_before(id)
          line[#line + 1] = id
        end
      end
    end
    at = at + 1
  end
  return waits, holders, line, is_back
end

local function is_any(ids, set)
  for _, id in ipairs(ids) do
    if set[id] then return true end
  end
  return false
end

local function is_every(ids, set)
  for _, id in ipairs(ids) do
    if not set[id] then return false end
  end
  return true
end

-- The ids from `waiter` back to itself if it waited for `awaited`; nil when it could still go on one day.
-- Who may not run because a key is full is stuck only if every holder of a place is.
local function find_cycle(waiter, awaited)
  local waits, holders, line, is_back = reached(waiter, awaited)
  if not is_back then return nil end
  local stuck, more = {}, true
  for _, id in ipairs(line) do stuck[id] = true end
  while more do
    more = false
    for at = #line, 1, -1 do
      local id = line[at]
      local has_place = #holders[id] == 0 or not is_every(holders[id], stuck)
      if stuck[id] and has_place and not is_any(waits[id], stuck) then
        stuck[id], more = nil, true
      end
    end
  end
  if not stuck[waiter] then return nil end
  -- The shortest way back among the stuck. There is none where others were stuck before, without this one.
  local came_from, at = {}, 1
  line = {waiter}
  while line[at] and not came_from[waiter] do
    for _, edges in ipairs({waits[line[at]], holders[line[at]]}) do
      for _, id in ipairs(edges) do
        if stuck[id] and not came_from[id] then
          came_from[id] = line[at]
          line[#line + 1] = id
        end
      end
    end
    at = at + 1
  end
  if not came_from[waiter] then return nil end
  local path, id = {waiter}, came_from[waiter]
  while id ~= waiter do
    table.insert(path, 1, id)
    id = came_from[id]
  end
  table.insert(path, 1, waiter)
  return path
end

-- Why a pause is not entered, and ids that explain it; nil when it is.
local function refuse_pause(waiter, move)
  local missing, pending, final = {}, {}, 0
  for _, id in ipairs(move.on) do
    local row = load_row(id)
    if not row then missing[#missing + 1] = id
    elseif is_final(row) then final = final + 1
    else pending[#pending + 1] = id
    end
  end
  if #missing > 0 then return 'missing', missing end
  if final >= move.enough then return 'ready' end
  local path = find_cycle(waiter.id, pending)
  if path then return 'cycle', path end
end
