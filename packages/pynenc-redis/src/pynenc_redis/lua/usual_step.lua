-- The usual step in a straight line: packed records end in success, and packed ones are claimed from the queue, or one
-- that a queue elsewhere named.
-- First of the parts of advance, after outbox, watched, new. What it does not know it leaves to the others, before it wrote
-- anything: to make their functions takes longer than all of this.
-- ARGV[1] says that the step may be such a one: '' claims from the queue, '+' and an id claims that one, '-' claims
-- nothing. ARGV[2] runner, or '' for the owner of what ended, ARGV[3] host, ARGV[4] class, ARGV[5] token,
-- ARGV[6] limit - 1, ARGV[7] start_seconds, ARGV[8] ahead_seconds, ARGV[9] number of words that follow: task and
-- seconds of each that may be claimed ahead. Then '1', id, token and outcome of each that ended. advance.lua has the
-- answer.
local P, call, match = KEYS[1] .. 'o:', redis.call, string.match

local function advance_usual()
  local first, runner, named = 10 + ARGV[9], ARGV[2], string.sub(ARGV[1], 2)
  local from_queue = ARGV[1] == ''
  if watching then return nil end
  if ARGV[1] ~= '-' then enter_new() end
  local clock = call('TIME')
  local now = clock[1] .. '.' .. string.sub('00000' .. clock[2], -6)
  if from_queue and call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', '0', '1')[1] then return nil end

  -- Ids and new texts of records, and how many rest in a status more than before, by its letter and the task.
  local texts, counts = {}, {}
  local function enter(id, text, from, to, task)
    texts[#texts + 1], texts[#texts + 2] = id, text
    counts[from .. task] = (counts[from .. task] or 0) - 1
    counts[to .. task] = (counts[to .. task] or 0) + 1
  end

  local ended, scores, hearers = {}, {}, {}
  for at = first, #ARGV, 4 do
    local id, place = ARGV[at + 1], #ended + 1
    ended[place], hearers[place] = id, P .. 'h:' .. id
    scores[2 * place - 1], scores[2 * place] = now, id
  end
  if ended[1] then
    local news, once = '\n$SUCCESS' .. now .. '|=|\n', {}
    for place, text in ipairs(call('HMGET', P .. 'packed', unpack(ended))) do
      local at = first + 4 * place - 4
      local outcome = ARGV[at + 3]
      local token, owner, task = match(text or '', '^$RUNNING([^%z]*)%z([^%z]*)%z[^%z]*%z[^%z]*%z([^%z]*)%z')
      if runner == '' then runner = owner end
      if token ~= ARGV[at + 2] or owner ~= runner or #outcome > $SHORT or once[ended[place]] then return nil end
      once[ended[place]] = true
      enter(ended[place], '$SUCCESS' .. string.sub(text, 2) .. news .. outcome, '$RUNNING', '$SUCCESS', task)
    end
  end

  local limit, claims, taken, members = ARGV[6] + 1, {}, {}, {}
  local page, ids, found = from_queue and call('ZRANGE', P .. 'ready', '0', ARGV[6]) or {}, {}, nil
  if named ~= '' then
    found = call('HMGET', P .. 'packed', named)
    local order = match(found[1] or '', '^$REGISTERED%z%z%z%z[^%z]*%z(%d+)%z')
    if not order then return nil end
    page[1] = string.format('$USUAL_PLACE%016d:', order) .. named
  end
  if page[1] then
    local ahead, starts_in = {}, 0
    for at = 10, first - 1, 2 do ahead[ARGV[at]] = tonumber(ARGV[at + 1]) end
    for place, member in ipairs(page) do ids[place] = string.sub(member, 28) end
    local head = table.concat({ARGV[5], runner, ARGV[3], ARGV[4], ''}, '\0')
    local start_seconds, ahead_seconds = tonumber(ARGV[7]), tonumber(ARGV[8])
    for place, text in ipairs(found or call('HMGET', P .. 'packed', unpack(ids))) do
      local task, words, at
      task, at = match(text or '', '^$REGISTERED%z%z%z%z([^%z]*)%z[^%z]*%z[^%z]*%z[^%z]*%z[^%z]*%z()')
      if task then words, at = call_within(text, at) end
      local since = task and match(text, '^$REGISTERED([^|]*)|', at)
      if not since then return nil end
      if place > 1 and not ahead[task] then break end
      local letter, id, news = '$PENDING', ids[place], '\n$PENDING' .. now .. '|' .. runner .. '|'
      if place == 1 or starts_in <= start_seconds then
        letter, news = '$RUNNING', news .. '\n$RUNNING' .. now .. '|=|'
      end
      enter(id, letter .. head .. string.sub(text, 6) .. news, '$REGISTERED', letter, task)
      claims[place], taken[place], members[place] =
        {id, task, letter, since, words or call('GET', P .. 'b:' .. id)}, id, page[place]
      starts_in = starts_in + (ahead[task] or math.huge)
      if starts_in > ahead_seconds then break end
    end
  end

  -- From here on it writes, unless what was named has another place, or none.
  local own, tidings = P .. 'own:' .. runner, {}
  if taken[1] then
    if call('ZREM', P .. 'ready', unpack(members)) == 0 then return nil end
    call('SADD', own, unpack(taken))
    call('SADD', P .. 'owners', runner)
  end
  if ended[1] then
    call('SREM', own, unpack(ended))
    if not taken[1] and call('EXISTS', own) == 0 then call('SREM', P .. 'owners', runner) end
    call('ZADD', P .. 'ended', unpack(scores))
    -- Nobody waits for most of many, which one look says of all.
    if not ended[2] or call('EXISTS', unpack(hearers)) > 0 then
      for place, key in ipairs(hearers) do
        local channels = call('SMEMBERS', key)
        for _, hearer in ipairs(channels) do
          local channel = string.sub(hearer, 2)
          tidings[channel] = tidings[channel] or {}
          tidings[channel][ended[place]] = {'$SUCCESS', 1, ARGV[first + 4 * place - 1]}
        end
        if channels[1] then call('DEL', key) end
      end
    end
  end
  if texts[1] then
    call('HSET', P .. 'packed', unpack(texts))
    call('INCR', P .. 'changes')
    for key, number in pairs(counts) do
      if number ~= 0 and call('HINCRBY', P .. 'counts', key, string.format('%d', number)) == 0 then
        call('HDEL', P .. 'counts', key)
      end
    end
  end

  for channel, news in pairs(tidings) do call('PUBLISH', channel, cjson.encode(news)) end
  if not from_queue then return {{}, claims, {}, '', {}, {}} end
  local due, wake = '', KEYS[1] .. 'wake'
  if not taken[1] then
    local next_due = call('ZRANGE', P .. 'due', '0', '0', 'WITHSCORES')
    if next_due[1] then due = string.format('%.6f', math.max(0, next_due[2] - now)) end
  end
  local left = #page < limit and #page - #taken or call('ZCARD', P .. 'ready')
  if left == 0 then
    -- Tokens for work that others took would only wake somebody in vain.
    if call('EXISTS', wake) == 1 then call('DEL', wake) end
  elseif #taken == limit and call('LLEN', wake) < $MOST_TOKENS then
    call('RPUSH', wake, '1')
  end
  return {{}, claims, {}, due, {}, {}}
end

local done = not match(ARGV[1], '^{') and advance_usual()
if done then return done end
