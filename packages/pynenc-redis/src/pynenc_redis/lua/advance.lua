-- One step: moves, one claim, reads. After usual_step, record, outbox, watched, session, due, operations, messages,
-- waits, moves, claims, reading. What usual_step.lua calls usual is said as there. Of any other step:
-- KEYS[1] the prefix. ARGV[1] the step as JSON, ARGV[2...] for each move the place of what it demands, id, token,
-- outcome; what there is not is empty:
--   moves: what they demand, once for several that are alike, because decoding takes longer than the work:
--          {to, from (status letters), kind (final, available, running, paused), seq?, via?, releases?, reason?,
--           delay?, rt?, rr?, rc? (added to retries, reroutes, recoveries), on?, enough?, awaits?, received?,
--           operations? {number, name, data}, values? {name: value}}
--   messages?: {workflow, id, name, data}
--   claim?: {runner, host, cls, token, limit, start_seconds, ids?, chain?, recovered?, exclude {task: true},
--            repeated?, ahead {task: seconds}, ahead_seconds}
--   read: ids
-- Returns {answers of moves that were not done now {position from 0, result, ids}, claims, unparked ids, seconds until
-- the next is due or '', states, whether each message was delivered (1 or 0)}.

-- What the words of a usual step mean.
local function usual()
  local ahead, first = {}, 10 + ARGV[9]
  for at = 10, first - 1, 2 do ahead[ARGV[at]] = tonumber(ARGV[at + 1]) end
  return first, {
    moves = {{to = '$SUCCESS', kind = 'final', from = '$BEFORE_SUCCESS', releases = true}},
    claim = ARGV[1] ~= '-' and {
      ids = ARGV[1] ~= '' and {string.sub(ARGV[1], 2)} or nil,
      runner = ARGV[2], host = ARGV[3], cls = ARGV[4], token = ARGV[5], limit = ARGV[6] + 1,
      start_seconds = tonumber(ARGV[7]), ahead_seconds = tonumber(ARGV[8]), ahead = ahead,
      recovered = true, exclude = {},
    },
    read = {},
  }
end

local first, step = 2, nil
if string.find(ARGV[1], '^{') then step = cjson.decode(ARGV[1]) else first, step = usual() end
local answers, delivered, entered, accepted = {}, {}, true, true
local moved = {}
for at = first + 1, #ARGV, 4 do moved[#moved + 1] = ARGV[at] end
preload(moved)
for at = first, #ARGV, 4 do
  local place, id, token, outcome = unpack(ARGV, at, at + 3)
  local move = step.moves[numbers[place]]
  local result, found = carry_out(move, id, token ~= '' and token, outcome)
  if result ~= 'done' then
    answers[#answers + 1] = {(at - first) / 4, result, found or {}}
    if result ~= 'already' then
      accepted = false
      if move.kind == 'paused' then entered = false end
    end
  end
end
settle_owners()
settle_untold()
for at, message in ipairs(step.messages or {}) do delivered[at] = accepted and deliver(message) and 1 or 0 end

local taken, due = {}, ''
local request = entered and step.claim
if request then
  taken = claim(request)
  if not request.ids then
    local left = call('ZCARD', P .. 'ready')
    if not taken[1] then
      local next_due = call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')
      if next_due[1] then due = string.format('%.6f', math.max(0, next_due[2] - now)) end
    end
    if left == 0 then
      -- Tokens for work that others took would only wake somebody in vain.
      if call('EXISTS', KEYS[1] .. 'wake') == 1 then call('DEL', KEYS[1] .. 'wake') end
    elseif #taken == request.limit then
      new_work = new_work + 1
    end
  end
end
flush()

return {answers, to_claims(taken), unparked, due, states(step.read), delivered}
