-- How many rest in each status, by its letter and the task. After outbox, watched, new. KEYS[1] the prefix.
-- Returns letter with task and number in turn.
enter_new()
return redis.call('HGETALL', KEYS[1] .. 'o:counts')
