-- Remove runners that stopped long ago and own nothing. KEYS[1] the prefix. ARGV[1] age in seconds.
local P = KEYS[1] .. 'o:'
local clock = redis.call('TIME')
local before = string.format('%.6f', clock[1] + clock[2] / 1000000 - ARGV[1])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'gone', '-inf', before)) do
  if redis.call('EXISTS', P .. 'own:' .. id) == 0 then
    redis.call('DEL', P .. 'run:' .. id)
    redis.call('ZREM', P .. 'gone', id)
    redis.call('ZREM', P .. 'past', id)
    redis.call('INCR', P .. 'changes')
  end
end
