-- Part of advance: whether a pause may be entered, or somebody would be stuck, by waits and by places that are full.

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

-- The ids from `waiter` back to itself if it waited for `awaited`; nil when it could still go on one day.
-- Who may not run because a key is full is stuck only if every holder of a place is.
local function find_cycle(waiter, awaited)
  local waits, holders, line, is_back = reached(waiter, awaited)
  if not is_back then return nil end

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
