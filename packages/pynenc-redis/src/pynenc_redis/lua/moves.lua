-- Part of advance: one move, judged by what it demands, then carried out.

local function permits(row, move, token)
  return string.find(move.from, row.s, 1, true)
    and (not token or token == row.k)
    and (not move.seq or move.seq == seq_of(row))
end

-- The same commit came a second time.
local function was_written(row, move, token)
  return token and row.s == move.to and token == (row.k or recall(row, 'z'))
end

local function follow(row, move, outcome, waited)
  if move.kind == 'final' then
    end_row(row, outcome)
  elseif move.kind == 'available' then
    if outcome ~= '' then row.attempt = outcome end
    enqueue(row, move.delay or 0)
  elseif move.kind == 'running' then
    if waited then remove_waits(row) else put(row, 'st', now) end
  elseif move.kind == 'paused' and move.releases then
    release(row, move)
  elseif move.on then
    add_waits(row, move.on)
  end
end

-- Returns the result, and ids that explain it.
local function carry_out(move, id, token, outcome)
  if move.kind ~= 'final' then settle_untold() end
  local row = load_row(id)
  if not row then return 'unknown' end
  if not permits(row, move, token) then return was_written(row, move, token) and 'already' or 'fenced' end
  if move.on then
    local refusal, ids = refuse_pause(row, move)
    if refusal then return refusal, ids end
  end
  record(row, move)
  if move.kind == 'running' and row.s == move.to then return 'done' end

  local owner, was_available = row.k and row.r, row.u == '1' or row.u == '2'
  local waited = row.s == 'a' or row.s == 'e'
  if move.releases then
    row.k, row.z = nil, token or ''
    -- What ends keeps the token that it ends with: nothing of it is written later.
    if move.kind ~= 'final' or not token then write(row, {'k', '', 'z', row.z, 'u', ''}) end
    if owner then disown(row) end
  end
  leave_queue(row)
  local runner, reason = owner and '=' or '', move.reason or ''
  if move.via then
    for letter in string.gmatch(move.via, '.') do
      enter(row, letter, runner, reason)
      -- Taken from an owner that is gone.
      if letter == 'P' or letter == 'U' then call('HINCRBY', P .. 'recovered', letter, 1) end
    end
  end
  enter(row, move.to, runner, reason)
  if move.rt then put(row, 'rt', row.rt + move.rt) end
  if move.rr then put(row, 'rr', row.rr + move.rr) end
  if move.rc then put(row, 'rc', row.rc + move.rc) end
  if move.releases and waited then remove_waits(row) end
  follow(row, move, outcome, waited or move.via and string.find(move.via, 'e', 1, true))
  -- The place of an owner, or of one for whom a place was freed and who will not take it.
  if row.ck and ((move.releases and owner) or (was_available and move.kind == 'final')) then
    unpark(row.ck, owner or '')
  end
  return 'done'
end
