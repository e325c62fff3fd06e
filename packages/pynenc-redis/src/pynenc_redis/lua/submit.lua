-- Register a batch of calls, all or none. After schema, outbox, watched, new, usual_call, record, operations.
-- KEYS[1] the prefix. ARGV[1] 1 when this is the queue as well, ARGV[2] number of calls, then the ids of all of them,
--   then for each call its task, its text, the number of words that follow, and name and value of what most calls lack:
--   `delay` in seconds, `runner`, `operations` that its workflow has done already (JSON of {number, name, data}), and
--   fields of the record (p priority, ck ci cp concurrency key, limit, parks, g registration key, pa parent,
--   wf workflow, ro root if it is another one, ca args id of a reusable result, re invocation that it repeats);
-- then key and value of each large value. All of it is plain words, because decoding takes longer than the work.
-- Returns {position of the call from 0, id that stands for it, its text} for those that existed.
-- Numbers are written as text here where they are known: left to redis.call, each is written with 17 digits.
local P = KEYS[1] .. 'o:'
-- Names of the language are looked up by text each time, unless they are local.
local call, format, tonumber, unpack = redis.call, string.format, tonumber, unpack
local clock = call('TIME')
local now = format('%d.%06d', clock[1], clock[2])
local calls = tonumber(ARGV[2])
local n = call('INCRBY', P .. 'n', ARGV[2]) - calls
if n == 0 then mark_schema('o:') end

-- Add scores and members, in turn, from a place of a list to its end; how many of the members are new.
local function add_all(key, pairs, from)
  local added = 0
  for first = from, #pairs, 1000 do
    added = added + call('ZADD', P .. key, unpack(pairs, first, math.min(first + 999, #pairs)))
  end
  return added
end

local ids = {}
for position = 1, calls do
  ids[2 * position - 1], ids[2 * position] = '0', ARGV[2 + position]
end
-- The index says of all of them at once that none is there already.
local repeated, seen = add_all('ids', ids, 1) < calls, {}

local NOTHING = {}
-- Ids and texts of packed records.
local texts = {}

local function write_texts()
  for first = 1, #texts, 1000 do call('HSET', P .. 'packed', unpack(texts, first, math.min(first + 999, #texts))) end
  texts = {}
end

local existing, created, delayed, ready, all = {}, 0, 0, {}, {}
-- By what stands for them: the calls that registration concurrency merged, if any. Their args id begins their text.
local merges
local ARGS_ID = '^%[[^,]*'

-- Enter those of one task that follow each other, from a place of the list of all on.
local function enter_task(task, from)
  add_all('task:' .. task, all, from)
  call('HINCRBY', P .. 'counts', '$REGISTERED' .. task, format('%d', (#all - from + 1) / 2))
end

local at, same_task, same_from = 3 + calls, nil, 1
for position = 1, calls do
  local id, task, text, words = ARGV[2 + position], ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local given, fields = NOTHING, NOTHING
  at = at + 3
  if words ~= '0' then
    given, fields = {}, {}
    for word = at, at + words - 1, 2 do
      local name, value = ARGV[word], ARGV[word + 1]
      given[name] = value
      if name ~= 'delay' and name ~= 'runner' and name ~= 'operations' then
        fields[#fields + 1] = name
        fields[#fields + 1] = value
      end
    end
    at = at + words
  end
  local known = repeated and (seen[id] or exists(id)) and id
  if not known and given.g then
    known = call('HGET', P .. 'reg', given.g)
    if known then call('ZREM', P .. 'ids', id) end
  end
  if known then
    write_texts()
    local kept = call_of(known)
    existing[#existing + 1] = {position - 1, known, kept}
    if known ~= id then
      merges = merges or {}
      local merge = merges[known] or {first = id, calls = 0, dropped = 0, seen = {}}
      merges[known] = merge
      if not merge.seen[id] then
        merge.seen[id], merge.calls = true, merge.calls + 1
        if string.match(text, ARGS_ID) ~= string.match(kept, ARGS_ID) then merge.dropped = merge.dropped + 1 end
      end
    end
  else
    created = created + 1
    n = n + 1
    if repeated then seen[id] = true end
    local order, due = format('%d', n), given.delay and format('%.6f', now + given.delay)
    if due then
      call('ZADD', P .. 'due', due, id)
      fields[#fields + 1] = 'u'
      fields[#fields + 1] = '2'
      delayed = delayed + 1
    else
      local priority = '$USUAL_PLACE'
      if given.p then
        priority = format('%010d', $USUAL_PLACE - math.max(-2147483647, math.min(2147483647, tonumber(given.p))))
      end
      ready[#ready + 1] = '0'
      ready[#ready + 1] = priority .. format('%016d:', n) .. id
    end
    if given.g then call('HSET', P .. 'reg', given.g, id) end
    if given.pa then call('ZADD', P .. 'children:' .. given.pa, order, id) end
    if given.wf == id then call('ZADD', P .. 'workflows', order, id) end
    if given.operations then record_operations(given.wf, cjson.decode(given.operations)) end
    -- The root itself is the first of its family.
    if given.ro then call('ZADD', P .. 'family:' .. given.ro, '0', given.ro, order, id) end
    if given.re then call('ZADD', P .. 'reruns:' .. given.re, order, id) end
    local key, body, entry = P .. 'i:' .. id, P .. 'b:' .. id, '$REGISTERED' .. now .. '|' .. (given.runner or '') .. '|'
    if due or given.p or given.ck or given.g or given.wf or given.ca then
      call('HSET', key, 's', '$REGISTERED', 't', task, 'v', due or now, 'n', order, unpack(fields))
      call('RPUSH', body, text, '', entry)
    else
      local head = struct.pack(FORM, '$REGISTERED', '', '', '', '', task, order,
        given.pa or '', given.ro or '', given.re or '')
      local last = #texts
      texts[last + 1], texts[last + 2] = id, head .. kept(id, text) .. entry
    end
    if task ~= same_task then
      if same_task then enter_task(same_task, same_from) end
      same_task, same_from = task, #all + 1
    end
    all[#all + 1] = order
    all[#all + 1] = id
    note_entered(id, task, '$REGISTERED', 1, now)
  end
end

write_texts()
if same_task then
  enter_task(same_task, same_from)
  add_all('all', all, 1)
  add_all('ready', ready, 1)
end
-- As values/merges.py says. What stands for others was never claimed and has a registration key: it is a hash.
for known, merge in pairs(merges or NOTHING) do
  local key = P .. 'i:' .. known
  local stored = call('HGET', key, 'mg')
  local before = stored and cjson.decode(stored) or {0, 0, now, {}}
  local recent, is_repetition = before[4], false
  for _, first in ipairs(recent) do is_repetition = is_repetition or first == merge.first end
  if not is_repetition then
    recent[#recent + 1] = merge.first
    if #recent > $REMEMBERED then table.remove(recent, 1) end
    call('HSET', key, 'mg', cjson.encode({before[1] + merge.calls, before[2] + merge.dropped, now, recent}))
  end
end
for pair = at, #ARGV, 2 do
  call('SET', KEYS[1] .. 'd:v:' .. ARGV[pair], ARGV[pair + 1], 'NX')
  call('ZADD', KEYS[1] .. 'd:used', now, ARGV[pair])
end
announce_occurred()
-- Without a queue here only those wait here who wait for what falls due; they may have to wake up sooner.
local pieces = ARGV[1] == '1' and created or math.min(delayed, 1)
if pieces > 0 then
  local wake = KEYS[1] .. 'wake'
  for _ = 1, math.min(pieces, $MOST_TOKENS - call('LLEN', wake)) do call('RPUSH', wake, '1') end
end
return existing
