-- Ids that begin so, in their order. After outbox, watched, new. KEYS[1] the prefix of the app. ARGV[1] how they begin, ARGV[2] limit.
enter_new()
return redis.call('ZRANGEBYLEX', KEYS[1] .. 'o:ids', '[' .. ARGV[1], '(' .. ARGV[1] .. '\255', 'LIMIT', 0, ARGV[2])
