-- Part of the scripts that change invocations, after record, watched: rows are loaded once, changed in Lua, written back
-- by `flush`.
-- KEYS[1] is the prefix of all keys of the app, with its hash tag; every other key is made from it.
--
-- record.lua says in which forms a record is stored. Fields of the hash, whose values are short so that it stays compact;
-- what the history says is not said once more:
--   t task, s status letter, n order of submission, e epoch (none: 1 where there is a runner, else 0),
--   k token (of what has ended: that it ended with), z token released last before,
--   r runner, ho host, cl class of the runner, v available at,
--   pe claimed at, if not when it started, st started at, f ended at,
--   rt retries, rr reroutes, rc recoveries, p priority, d dependents, u place (1 ready, 2 delayed, 3 parked;
--   of no meaning while there is a token; none: 1 of what is registered),
--   ck, ci, cp concurrency key, limit, parks; g registration key, pa parent, wf its workflow,
--   ro root if it is another one, aw name that a workflow awaits,
--   ca args id of a reusable result, mg what registration concurrency merged into it: longer, and of few.
--   An empty or absent field means none, or 0.

local P = KEYS[1] .. 'o:'
-- Names of the language are looked up by text each time, unless they are local.
local call, format, tonumber, ipairs, unpack = redis.call, string.format, tonumber, ipairs, unpack
local clock = call('TIME')
local now = format('%d.%06d', clock[1], clock[2])

local rows, dirty, entries = {}, {}, {}
local new_work, unparked, tidings = 0, {}, {}
-- Written together at the end: ended ids with their time. Before the next claim: ids by the owner that lost them, and
-- ended ids whose waiters have not been told.
local ended, disowned, untold = {}, {}, {}

-- Slices of what may be too long for one command.
local function in_slices(words, act)
  for from = 1, #words, 1000 do act(unpack(words, from, math.min(from + 999, #words))) end
end

local function number(stored) return stored and tonumber(stored) or 0 end

-- Reading a number takes the server as long as a whole command, and most are small.
local numbers = setmetatable({}, {__index = function(known, text)
  local value = tonumber(text)
  known[text] = value
  return value
end})
