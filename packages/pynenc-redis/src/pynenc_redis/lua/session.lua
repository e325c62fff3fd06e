-- Part of the scripts that change invocations, after watched: rows are loaded once, changed in Lua, written back by `flush`.
-- KEYS[1] is the prefix of all keys of the app, with its hash tag; every other key is made from it.
--
-- A record has two keys, <prefix>o:i:<id> (a hash of short values, so that it stays compact) and <prefix>o:b:<id>
-- (a list: the call, the outcome, then one element per history entry). Fields of the hash:
--   t task, s status letter, q seq, a status at, n order of submission, e epoch,
--   k token (of what has ended: that it ended with), z token released last before,
--   r runner, ho host, cl class of the runner, v available at,
--   pe claimed at, if not when it started, st started at, f ended at,
--   rt retries, rr reroutes, rc recoveries, p priority, d dependents, u place (1 ready, 2 delayed, 3 parked;
--   of no meaning while there is a token),
--   ck, ci, cp concurrency key, limit, parks; g registration key, pa parent, wf its workflow,
--   ro root if it is another one, aw name that a workflow awaits,
--   ca args id of a reusable result, pl 1 if it is plain. An empty or absent field means none, or 0.

local P = KEYS[1] .. 'o:'
-- Names of the language are looked up by text each time, unless they are local.
local call, format, tonumber, ipairs, unpack = redis.call, string.format, tonumber, ipairs, unpack
local clock = call('TIME')
local now = format('%d.%06d', clock[1], clock[2])

local rows, dirty, entries = {}, {}, {}
local new_work, unparked, tidings = 0, {}, {}
-- An outcome of at most so many bytes travels with the news that it is there.
local SHORT = 1000
-- Written together at the end: ended ids with their time. Before the next claim: ids by the owner that lost them, and
-- ended ids whose waiters have not been told.
local ended, disowned, untold = {}, {}, {}

local function number(stored) return stored and tonumber(stored) or 0 end

-- The server writes each number as text anew, which takes as long as a whole command.
local texts = setmetatable({}, {__index = function(known, value)
  local text = format('%d', value)
  known[value] = text
  return text
end})
-- Reading one takes as long, too, and most counters are small.
local numbers = setmetatable({}, {__index = function(known, text)
  local value = tonumber(text)
  known[text] = value
  return value
end})
