-- Part of scripts that change invocations, after outbox: statuses that triggers react to.
-- <prefix>o:watched has the time of renewal by status letter and task; the outbox is <prefix>o:occurred:

local watching = redis.call('EXISTS', KEYS[1] .. 'o:watched') == 1
local occurred = false

-- Invocation `id` entered a status, as its history entry number `seq`.
local function note_entered(id, task, letter, seq, now)
  if watching and redis.call('HEXISTS', KEYS[1] .. 'o:watched', letter .. task) == 1 then
    local content = cjson.encode({id, task, letter, seq})
    occurred = box_put(KEYS[1] .. 'o:occurred:', id .. ':' .. seq, content, now) or occurred
  end
end

local function announce_occurred()
  if occurred then redis.call('PUBLISH', KEYS[1] .. 'occurred', '1') end
end
