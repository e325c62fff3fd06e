-- Take occurrences. After outbox_reading. KEYS[1] the prefix. ARGV[1] section of the outbox, ARGV[2] limit, ARGV[3] seconds of
-- the lease, ARGV[4] JSON: triggers whose own are wanted {id: true}, or false for all. Returns {time, content} each.
local clock = redis.call('TIME')
local own = cjson.decode(ARGV[4])
return box_take(KEYS[1] .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]),
  string.format('%d.%06d', clock[1], clock[2]),
  function(key)
    local trigger = string.match(key, '^[^\n]*\n(.*)$')
    return not own or not trigger or own[trigger]
  end)
