-- Part of the scripts that change invocations, after places: what ends with an invocation, or with its owner.

-- Let a workflow await messages of a name, or nothing.
local function await(row, name)
  if row.aw then call('SREM', P .. 'awaits:' .. row.aw, row.id) end
  if name then call('SADD', P .. 'awaits:' .. name, row.id) end
  if row.aw or name then put(row, 'aw', name or '') end
end

-- Of what was claimed the key is free already; its record keeps it.
local function leave_registration(row)
  if row.g and row.e == 0 and call('HGET', P .. 'reg', row.g) == row.id then call('HDEL', P .. 'reg', row.g) end
end

-- Nobody waits for it any longer.
local function end_waits_for(id)
  local key = P .. 'wb:' .. id
  local waiters = call('SMEMBERS', key)
  if #waiters == 0 then return end
  for _, waiter in ipairs(waiters) do
    local on = P .. 'w:' .. waiter
    call('SREM', on, id)
    if call('EXISTS', on) == 0 then call('SREM', P .. 'waiters', waiter) end
  end
  call('DEL', key)
end

-- What follows from a final status.
local function end_row(row, outcome)
  leave_queue(row)
  leave_registration(row)
  await(row, nil)
  put(row, 'f', now)
  -- A long one would be read with each look at a packed record.
  if #outcome > $SHORT then unpack_row(row) end
  -- Without an outcome, that of an attempt before is none of its end.
  if outcome == '' then row.attempt = '' else row.outcome = outcome end
  if row.s ~= 's' then call('ZADD', P .. 'unsuccessful', recall(row, 'n'), row.id) end
  if row.s == 'f' then call('ZADD', P .. 'failed', now, row.id) end
  ended[#ended + 1] = now
  ended[#ended + 1] = row.id
  if row.ca and row.s == 's' then
    call('ZADD', P .. 'results:' .. row.t .. ':' .. row.ca, row.n, row.id)
  end
  untold[#untold + 1] = row.id
end

-- It belongs to nobody any longer.
local function disown(row)
  local ids = disowned[row.r]
  if ids then ids[#ids + 1] = row.id else disowned[row.r] = {row.id} end
  if row.ck then call('SREM', P .. 'held:' .. row.ck, row.id) end
end

-- Tell those who wait for what ended, before anything else looks at waits.
local function settle_untold()
  if not untold[1] then return end
  local keys, some = {}, false
  for _, id in ipairs(untold) do
    keys[#keys + 1] = P .. 'h:' .. id
    -- What is waited for has dependents, and is not packed.
    if not rows[id].text then keys[#keys + 1] = P .. 'wb:' .. id end
  end
  -- Nobody waits for most of them, which one look says of all.
  in_slices(keys, function(...) some = call('EXISTS', ...) > 0 or some end)
  for _, id in ipairs(some and untold or {}) do
    end_waits_for(id)
    tell(id, true)
  end
  untold = {}
end

-- Write who lost what, before somebody else is given it.
local function settle_owners()
  for runner, ids in pairs(disowned) do
    local owned = P .. 'own:' .. runner
    in_slices(ids, function(...) call('SREM', owned, ...) end)
    if call('EXISTS', owned) == 0 then call('SREM', P .. 'owners', runner) end
  end
  disowned = {}
end
