-- Remove every payload of invocations. KEYS[1] the prefix. ARGV their ids.
for _, id in ipairs(ARGV) do
    redis.call('UNLINK', KEYS[1] .. 's:p:' .. id)
    redis.call('ZREM', KEYS[1] .. 's:i', id)
end
