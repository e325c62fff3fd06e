-- Register a batch of calls, all or none. After schema, outbox, watched, workflows.
-- KEYS[1] the prefix. ARGV[1] 1 when this is the queue as well, ARGV[2] number of calls, then for each call
--   id, task, delay, priority, concurrency key, limit, parks (1 or 0), registration key, parent, workflow, root if it is
--   another one, args id of a reusable result, invocation that it repeats, runner, operations that its workflow has done already (JSON of
--   {number, name, data}), text; what there is not is empty;
-- then key and value of each large value. All of it is plain words, because decoding takes longer than the work.
-- Returns {position of the call, id that stands for it, its text} for those that existed.
local WORDS = 16
local P = KEYS[1] .. 'o:'
-- Names of the language are looked up by text each time, unless they are local.
local call, format, tonumber, unpack = redis.call, string.format, tonumber, unpack
local clock = call('TIME')
local now = format('%d.%06d', clock[1], clock[2])
local calls = tonumber(ARGV[2])
local n = call('INCRBY', P .. 'n', calls) - calls
local existing, created, delayed, counts, ready, all, ids, by_task = {}, 0, 0, {}, {}, {}, {}, {}
if n == 0 then mark_schema('o:') end

-- Whether some of these ids may exist, which one look denies of up to a thousand.
local repeated, seen = calls == 1, {}
for from = 0, calls - 1, 1000 do
  if repeated then break end
  local keys = {}
  for at = from, math.min(from + 999, calls - 1) do keys[#keys + 1] = P .. 'i:' .. ARGV[3 + at * WORDS] end
  repeated = call('EXISTS', unpack(keys)) > 0
end

local function add_field(fields, name, value)
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end

for at = 0, calls - 1 do
  local first = 3 + at * WORDS
  local id, task, delay, priority, key, limit, parks, reg, parent, workflow, root, cached, repeats, runner, operations,
    text
    = unpack(ARGV, first, first + WORDS - 1)
  local known = (seen[id] or repeated and call('EXISTS', P .. 'i:' .. id) == 1) and id
    or reg ~= '' and call('HGET', P .. 'reg', reg)
  if known then
    existing[#existing + 1] = {at, known, call('LINDEX', P .. 'b:' .. known, 0)}
  else
    created = created + 1
    seen[id] = true
    n = n + 1
    local fields = {'t', task, 's', 'r', 'q', '1', 'a', now, 'n', n, 'v', now, 'u', '1'}
    delay, priority = tonumber(delay), tonumber(priority)
    if delay > 0 then
      local due = format('%.6f', now + delay)
      fields[12], fields[14] = due, '2'
      call('ZADD', P .. 'due', due, id)
      delayed = delayed + 1
    else
      priority = math.max(-2147483647, math.min(2147483647, priority))
      ready[#ready + 1] = 0
      ready[#ready + 1] = format('%010d%016d:', 2147483648 - priority, n) .. id
    end
    if priority ~= 0 then add_field(fields, 'p', priority) end
    if key ~= '' then
      add_field(fields, 'ck', key)
      add_field(fields, 'ci', limit)
      if parks == '1' then add_field(fields, 'cp', '1') end
    end
    if reg ~= '' then
      add_field(fields, 'g', reg)
      call('HSET', P .. 'reg', reg, id)
    end
    if parent ~= '' then
      add_field(fields, 'pa', parent)
      call('ZADD', P .. 'children:' .. parent, n, id)
    end
    if workflow ~= '' then
      add_field(fields, 'wf', workflow)
      if workflow == id then call('ZADD', P .. 'workflows', n, id) end
      if operations ~= '' then record_operations(workflow, cjson.decode(operations)) end
    end
    if root ~= '' then
      add_field(fields, 'ro', root)
      -- The root itself is the first of its family.
      call('ZADD', P .. 'family:' .. root, 0, root, n, id)
    end
    if cached ~= '' then add_field(fields, 'ca', cached) end
    if repeats ~= '' then
      add_field(fields, 're', repeats)
      call('ZADD', P .. 'reruns:' .. repeats, n, id)
    end
    call('HSET', P .. 'i:' .. id, unpack(fields))
    call('RPUSH', P .. 'b:' .. id, text, '', 'r' .. now .. '|' .. runner .. '|')
    all[#all + 1] = n
    all[#all + 1] = id
    ids[#ids + 1] = 0
    ids[#ids + 1] = id
    local same = by_task[task]
    if not same then
      same = {}
      by_task[task] = same
    end
    same[#same + 1] = n
    same[#same + 1] = id
    note_entered(id, task, 'r', 1, now)
    counts['r' .. task] = (counts['r' .. task] or 0) + 1
  end
end

local function add_all(key, pairs)
  for from = 1, #pairs, 1000 do call('ZADD', P .. key, unpack(pairs, from, math.min(from + 999, #pairs))) end
end
add_all('ready', ready)
add_all('all', all)
add_all('ids', ids)
for task, same in pairs(by_task) do add_all('task:' .. task, same) end
for key, number in pairs(counts) do call('HINCRBY', P .. 'counts', key, number) end
for at = 3 + calls * WORDS, #ARGV, 2 do
  call('SET', KEYS[1] .. 'd:v:' .. ARGV[at], ARGV[at + 1], 'NX')
  call('ZADD', KEYS[1] .. 'd:used', now, ARGV[at])
end
announce_occurred()
-- Without a queue here only those wait here who wait for what falls due; they may have to wake up sooner.
local pieces = ARGV[1] == '1' and created or math.min(delayed, 1)
if pieces > 0 then
  local wake = KEYS[1] .. 'wake'
  for _ = 1, math.min(pieces, 8 - call('LLEN', wake)) do call('RPUSH', wake, '1') end
end
return existing
