-- Part of scripts that claim, after session: what was delayed and has fallen due.

-- Make it ready, what waited longest first; returns its ids.
local function promote_due(limit)
  local ids = call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', 0, limit)
  for _, id in ipairs(ids) do
    local row = load_row(id)
    if row then
      leave_queue(row)
      make_ready(row)
      new_work = new_work + 1
    else
      call('ZREM', P .. 'due', id)
    end
  end
  return ids
end
