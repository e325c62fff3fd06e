-- The newest of an index. KEYS[1] the prefix. ARGV[1] index, ARGV[2] hash, ARGV[3] limit. Returns time and content each.
local ids = redis.call('ZREVRANGE', KEYS[1] .. ARGV[1], 0, ARGV[3] - 1)
return ids[1] and redis.call('HMGET', KEYS[1] .. ARGV[2], unpack(ids)) or {}
