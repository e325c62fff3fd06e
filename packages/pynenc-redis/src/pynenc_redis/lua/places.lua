-- Part of the scripts that change invocations, after rows: places in the queue, and who is told of them.

-- What is said of one that has ended: its state, unless that is long.
local function state_of(row)
  local outcome = row.outcome or ''
  return #outcome <= $SHORT and {row.s, row.e, outcome} or 'final'
end

-- Tell the processes that wait for an invocation; `final` or else claimable.
local function tell(id, final)
  local key = P .. 'h:' .. id
  local hearers = call('SMEMBERS', key)
  if not hearers[1] then return end
  for _, hearer in ipairs(hearers) do
    local wants_available = string.sub(hearer, 1, 1) == '+'
    if final or wants_available then
      local channel = string.sub(hearer, 2)
      tidings[channel] = tidings[channel] or {}
      tidings[channel][id] = final and state_of(rows[id]) or tidings[channel][id] or 'available'
      if not final then call('SREM', key, hearer) end
    end
  end
  if final then call('DEL', key) end
end

-- Place in the queue: by dependents (the score), then priority, then order of submission.
local function queue_member(row)
  local priority = math.max(-2147483647, math.min(2147483647, row.p))
  return format('%010d%016d:', $USUAL_PLACE - priority, recall(row, 'n')) .. row.id
end

local function leave_queue(row)
  if not row.u then return end
  if row.u == '1' then call('ZREM', P .. 'ready', queue_member(row))
  elseif row.u == '2' then call('ZREM', P .. 'due', row.id)
  elseif row.u == '3' then
    call('ZREM', P .. 'parked:' .. row.ck, row.id)
    call('ZREM', P .. 'parked', row.id)
  end
  put(row, 'u', '')
end

local function make_ready(row)
  call('ZADD', P .. 'ready', -row.d, queue_member(row))
  put(row, 'u', '1')
  tell(row.id, false)
end

-- Make a record in an available status claimable after a delay.
local function enqueue(row, delay)
  new_work = new_work + 1
  if delay > 0 then
    local due = format('%.6f', now + delay)
    call('ZADD', P .. 'due', due, row.id)
    put(row, 'v', due)
    put(row, 'u', '2')
  else
    put(row, 'v', now)
    make_ready(row)
  end
end
