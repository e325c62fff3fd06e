-- Register a batch of calls, all or none. After schema, outbox, watched, workflows.
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

-- Add scores and members, in turn; how many of the members are new.
local function add_all(key, pairs)
  local added = 0
  for from = 1, #pairs, 1000 do
    added = added + call('ZADD', P .. key, unpack(pairs, from, math.min(from + 999, #pairs)))
  end
  return added
end

local ids = {}
for position = 1, calls do
  ids[2 * position - 1], ids[2 * position] = '0', ARGV[2 + position]
end
-- The index says of all of them at once that none is there already.
local repeated, seen = add_all('ids', ids) < calls, {}

local NOTHING, NO_FIELDS = {}, {delay = true, runner = true, operations = true}
-- How the place in the queue begins; session.lua says what it is.
local USUAL_PRIORITY = '2147483648'
local existing, created, delayed, ready, all, by_task = {}, 0, 0, {}, {}, {}
local at = 3 + calls
for position = 1, calls do
  local id, task, text, words = ARGV[2 + position], ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local given = NOTHING
  if words > 0 then
    given = {}
    for word = at + 3, at + 2 + words, 2 do given[ARGV[word]] = ARGV[word + 1] end
  end
  at = at + 3 + words
  local known = repeated and (seen[id] or call('EXISTS', P .. 'i:' .. id) == 1) and id
  if not known and given.g then
    known = call('HGET', P .. 'reg', given.g)
    if known then call('ZREM', P .. 'ids', id) end
  end
  if known then
    existing[#existing + 1] = {position - 1, known, call('LINDEX', P .. 'b:' .. known, 0)}
  else
    created = created + 1
    seen[id] = true
    n = n + 1
    local order = format('%d', n)
    local fields = {'t', task, 's', 'r', 'q', '1', 'a', now, 'n', order, 'v', now, 'u', '1'}
    if given.delay then
      local due = format('%.6f', now + given.delay)
      fields[12], fields[14] = due, '2'
      call('ZADD', P .. 'due', due, id)
      delayed = delayed + 1
    else
      local priority = USUAL_PRIORITY
      if given.p then
        priority = format('%010d', 2147483648 - math.max(-2147483647, math.min(2147483647, tonumber(given.p))))
      end
      ready[#ready + 1] = '0'
      ready[#ready + 1] = priority .. format('%016d:', n) .. id
    end
    if words > 0 then
      for name, value in pairs(given) do
        if not NO_FIELDS[name] then
          fields[#fields + 1] = name
          fields[#fields + 1] = value
        end
      end
      if given.g then call('HSET', P .. 'reg', given.g, id) end
      if given.pa then call('ZADD', P .. 'children:' .. given.pa, order, id) end
      if given.wf == id then call('ZADD', P .. 'workflows', order, id) end
      if given.operations then record_operations(given.wf, cjson.decode(given.operations)) end
      -- The root itself is the first of its family.
      if given.ro then call('ZADD', P .. 'family:' .. given.ro, '0', given.ro, order, id) end
      if given.re then call('ZADD', P .. 'reruns:' .. given.re, order, id) end
    end
    if not (given.delay or given.p or given.ck or given.g or given.wf or given.ca) then
      -- Whoever claims or ends it need not look for any of these.
      fields[#fields + 1] = 'pl'
      fields[#fields + 1] = '1'
    end
    call('HSET', P .. 'i:' .. id, unpack(fields))
    call('RPUSH', P .. 'b:' .. id, text, '', 'r' .. now .. '|' .. (given.runner or '') .. '|')
    all[#all + 1] = order
    all[#all + 1] = id
    local same = by_task[task]
    if not same then
      same = {}
      by_task[task] = same
    end
    same[#same + 1] = order
    same[#same + 1] = id
    note_entered(id, task, 'r', 1, now)
  end
end

add_all('ready', ready)
add_all('all', all)
for task, same in pairs(by_task) do
  add_all('task:' .. task, same)
  call('HINCRBY', P .. 'counts', 'r' .. task, format('%d', #same / 2))
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
  for _ = 1, math.min(pieces, 8 - call('LLEN', wake)) do call('RPUSH', wake, '1') end
end
return existing
