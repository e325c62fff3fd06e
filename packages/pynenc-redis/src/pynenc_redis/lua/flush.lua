-- Part of the scripts that change invocations, after ends: all that was changed is written.

-- Release the head of a key's line, if there is a place for it.
local function unpark(key, runner)
  local head = call('ZRANGE', P .. 'parked:' .. key, 0, 0)[1]
  local row = head and load_row(head)
  if row and call('SCARD', P .. 'held:' .. key) < row.ci then
    leave_queue(row)
    enter(row, 'o', runner, '')
    enqueue(row, 0)
    unparked[#unparked + 1] = row.id
  end
end

-- Let idle workers look; a token says that there is work, not which. More than a few say nothing more.
local function wake(pieces)
  if pieces > 0 then
    local key = KEYS[1] .. 'wake'
    for _ = 1, math.min(pieces, $MOST_TOKENS - call('LLEN', key)) do call('RPUSH', key, '1') end
  end
end

local function write_hash(row)
  local body, history, changes = P .. 'b:' .. row.id, row.history or {}, row.changes or {}
  if row.stored then
    -- It was packed until now.
    table.insert(history, 1, row.attempt or '')
    table.insert(history, 1, row.words or call('GET', body))
    call('HDEL', P .. 'packed', row.id)
    if not row.words then call('DEL', body) end
  elseif row.attempt then
    call('LSET', body, '1', row.attempt)
  end
  history[#history + 1] = row.outcome
  changes[#changes + 1] = 's'
  changes[#changes + 1] = row.s
  call('HSET', P .. 'i:' .. row.id, unpack(changes))
  if history[1] then call('RPUSH', body, unpack(history)) end
end

-- Tell those who watch a status; `seq` is the number of the last entry.
local function note_entries(row, seq)
  local history = row.history
  for at = (row.stored or 0) + 1, #history do
    note_entered(row.id, row.t, string.sub(history[at], 1, 1), seq - #history + at, now)
  end
end

-- Write everything; the last act of a script.
local function flush()
  if dirty[1] then call('INCR', P .. 'changes') end
  settle_owners()
  settle_untold()
  in_slices(ended, function(...) call('ZADD', P .. 'ended', ...) end)
  -- How many rest in a status more than before, by its letter and the task; what goes the same way follows each other.
  local counts, from, to, task, same = {}, nil, nil, nil, 0
  local function count_same()
    if same > 0 then
      counts[from .. task] = (counts[from .. task] or 0) - same
      counts[to .. task] = (counts[to .. task] or 0) + same
    end
  end
  local texts = {}
  for _, row in ipairs(dirty) do
    if watching and row.history then note_entries(row, seq_of(row)) end
    if row.text then
      texts[#texts + 1] = row.id
      texts[#texts + 1] = packed(row)
    else
      write_hash(row)
    end
    if row.s ~= row.was then
      if row.s ~= to or row.was ~= from or row.t ~= task then
        count_same()
        from, to, task, same = row.was, row.s, row.t, 0
      end
      same = same + 1
    end
  end
  in_slices(texts, function(...) call('HSET', P .. 'packed', ...) end)
  count_same()
  for key, number in pairs(counts) do
    if number ~= 0 and call('HINCRBY', P .. 'counts', key, number) == 0 then call('HDEL', P .. 'counts', key) end
  end
  wake(new_work)
  announce_occurred()
  for channel, news in pairs(tidings) do call('PUBLISH', channel, cjson.encode(news)) end
end
