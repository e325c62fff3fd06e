-- Part of advance: one claim, which invocations a worker is given.
local PAGE, DUE_BATCH = 64, 500
-- What was given and is still in the queue.
local given = {}

-- Whether a place of its key is free, and nobody submitted earlier is in line.
local function admits(row)
  if call('SCARD', P .. 'held:' .. row.ck) >= row.ci then return false end
  local head = call('ZRANGE', P .. 'parked:' .. row.ck, 0, 0, 'WITHSCORES')
  return not head[1] or tonumber(head[2]) > tonumber(row.n)
end

local function turn_away(row, request)
  leave_queue(row)
  if row.s == 'a' then enter(row, 'e', request.runner, '') end
  if row.cp or row.e > 0 then
    enter(row, 'c', request.runner, '')
    call('ZADD', P .. 'parked:' .. row.ck, row.n, row.id)
    call('ZADD', P .. 'parked', row.n, row.id)
    put(row, 'u', '3')
  else
    enter(row, 'C', request.runner, '')
    end_row(row, '')
  end
end

local function give(row, request, start)
  if row.member then given[#given + 1] = row.member else leave_queue(row) end
  leave_registration(row)
  if row.ck then call('SADD', P .. 'held:' .. row.ck, row.id) end
  if row.s == 'a' then enter(row, 'e', request.runner, '') end
  row.u, row.e, row.k, row.r = nil, row.e + 1, request.token, request.runner
  if row.text then
    row.head = request.head
  else
    write(row, {'k', row.k, 'r', row.r, 'ho', request.host, 'cl', request.cls, 'pe', now, 'e', format('%d', row.e)})
    if start then put(row, 'st', now) end
  end
  enter(row, 'p', row.r, '')
  if start then enter(row, 'u', '=', '') end
end

local function wanted(row, request)
  return not request.exclude[row.t] and (request.recovered or row.rc == 0)
end

local function by_rank(a, b)
  if a.d ~= b.d then return a.d > b.d end
  if a.p ~= b.p then return a.p > b.p end
  return tonumber(recall(a, 'n')) < tonumber(recall(b, 'n'))
end

-- Claimable rows in order; the caller takes or turns away each.
local function named(request)
  local found, ids = {}, request.chain and reach(request.ids, 1e15) or request.ids
  preload(ids)
  for _, id in ipairs(ids) do
    local row = load_row(id)
    local claimable = row and (row.u == '1' or (row.u == '2' and tonumber(recall(row, 'v')) <= tonumber(now)))
    if claimable and wanted(row, request) then found[#found + 1] = row end
  end
  table.sort(found, by_rank)
  local at = 0
  return function()
    at = at + 1
    return found[at]
  end
end

local function remove_given()
  if given[1] then call('ZREM', P .. 'ready', unpack(given)) end
  given = {}
end

local function queued(request)
  local page, at, passed = {}, 0, 0
  return function()
    while true do
      at = at + 1
      if not page[at] then
        -- What was taken or turned away has left the queue; what is not wanted stays before the next page.
        remove_given()
        page = call('ZRANGE', P .. 'ready', passed, passed + math.min(request.limit, PAGE) - 1)
        at = 1
        local ids = {}
        for place, member in ipairs(page) do ids[place] = string.sub(member, 28) end
        preload(ids)
        if not page[1] then return nil end
      end
      local row = load_row(string.sub(page[at], 28))
      if not row then call('ZREM', P .. 'ready', page[at])
      elseif wanted(row, request) then
        row.member = page[at]
        return row
      else passed = passed + 1
      end
    end
  end
end

local function taken_before(request)
  local taken = {}
  for _, id in ipairs(call('SMEMBERS', P .. 'own:' .. request.runner)) do
    local row = load_row(id)
    if row and row.k == request.token then taken[#taken + 1] = row end
  end
  table.sort(taken, by_rank)
  return taken
end

local function claim(request)
  if request.limit < 1 then return {} end
  local taken = request.repeated and taken_before(request) or {}
  if #taken > 0 then return taken end
  if not request.ids then promote_due(DUE_BATCH) end
  request.head = struct.pack('ssss', request.token, request.runner, request.host, request.cls)
  local starts_in, ids = 0, {}
  for row in request.ids and named(request) or queued(request) do
    if taken[1] and (row.ck or row.rc > 0 or not request.ahead[row.t]) then break end
    if not taken[1] and row.ck and not admits(row) then
      turn_away(row, request)
    else
      give(row, request, not taken[1] or starts_in <= request.start_seconds)
      taken[#taken + 1] = row
      ids[#ids + 1] = row.id
      if #taken == request.limit or row.rc > 0 then break end
      starts_in = starts_in + (request.ahead[row.t] or math.huge)
      if starts_in > request.ahead_seconds then break end
    end
  end
  remove_given()
  if ids[1] then
    call('SADD', P .. 'own:' .. request.runner, unpack(ids))
    call('SADD', P .. 'owners', request.runner)
  end
  return taken
end

-- What a worker is told of each: five words of a first attempt, nine of any other.
local function to_claims(taken)
  local claims, keys, at = {}, {}, 0
  for place, row in ipairs(taken) do
    local body = P .. 'b:' .. row.id
    if row.text then
      local words, at = call_within(row.text, row.at)
      claims[place] = {row.id, row.t, row.s, string.match(row.text, '^.([^|]*)', at), words}
      if not words then keys[#keys + 1] = body end
    else
      local stored = call('LRANGE', body, '0', '2')
      local registered = entered_at(stored[3])
      claims[place] = {row.id, row.t, row.s, registered, stored[1], stored[2], row.e, row.rt, row.rc}
    end
  end
  local texts = {}
  in_slices(keys, function(...)
    for _, text in ipairs(call('MGET', ...)) do texts[#texts + 1] = text end
  end)
  for _, claim in ipairs(claims) do
    if not claim[5] then
      at = at + 1
      claim[5] = texts[at]
    end
  end
  return claims
end
