-- Part of advance: what workflows record and await, and messages to them.

local function record(row, move)
  if not row.wf then return end
  if move.operations then record_operations(row.wf, move.operations) end
  for name, value in pairs(move.values or {}) do call('HSET', P .. 'values:' .. row.wf, name, value) end
end

local function make_claimable(row)
  leave_queue(row)
  enqueue(row, 0)
  unparked[#unparked + 1] = row.id
end

-- A workflow pauses and belongs to nobody: note what it awaits, and when it is due.
local function release(row, move)
  call('ZADD', P .. 'asleep', row.n, row.id)
  await(row, move.awaits)
  if move.awaits and call('LLEN', P .. 'message:' .. row.id .. ':' .. move.awaits) > (move.received or 0) then
    make_claimable(row)
  elseif move.delay then
    enqueue(row, move.delay)
  end
end

-- Add a message; false when there is no such workflow, or it is final.
local function deliver(message)
  local id, message_id, name, data = unpack(message)
  local row = load_row(id)
  if not row or is_final(row) or row.wf ~= id then return false end
  if call('SADD', P .. 'messages:' .. id, message_id) == 1 then
    call('RPUSH', P .. 'message:' .. id .. ':' .. name, data)
    call('SADD', P .. 'names:' .. id, name)
  end
  if row.s == 'a' and not row.k and row.aw == name then make_claimable(row) end
  return true
end
