-- Ask a runner to take nothing more. KEYS[1] the prefix. ARGV[1] its id. Returns 1, or 0 if it does not live.
local P = KEYS[1] .. 'o:'
if not redis.call('ZSCORE', P .. 'alive', ARGV[1]) then return 0 end
if redis.call('HSET', P .. 'run:' .. ARGV[1], 'drains', 1) == 1 then redis.call('INCR', P .. 'changes') end
return 1
