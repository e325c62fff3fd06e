-- What changes with every submission, and with every other change. After outbox, watched, new. KEYS[1] the prefix.
enter_new()
return redis.call('MGET', KEYS[1] .. 'o:n', KEYS[1] .. 'o:changes')
