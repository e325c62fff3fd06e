-- Whom an invocation waits for, and who waits for it. KEYS[1] the prefix. ARGV[1] id, ARGV[2] most of each.
local P = KEYS[1] .. 'o:'
return {
  redis.call('SRANDMEMBER', P .. 'w:' .. ARGV[1], ARGV[2]),
  redis.call('SRANDMEMBER', P .. 'wb:' .. ARGV[1], ARGV[2]),
}
