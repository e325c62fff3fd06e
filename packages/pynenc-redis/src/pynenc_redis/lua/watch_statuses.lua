-- Watch statuses, forget old ones. KEYS[1] the prefix. ARGV[1] seconds, ARGV[2...] letter and task each, as one text.
local key = KEYS[1] .. 'o:watched'
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
for at = 2, #ARGV do redis.call('HSET', key, ARGV[at], string.format('%.6f', now)) end
local all = redis.call('HGETALL', key)
for at = 1, #all, 2 do
  if tonumber(all[at + 1]) <= now - ARGV[1] then redis.call('HDEL', key, all[at]) end
end
