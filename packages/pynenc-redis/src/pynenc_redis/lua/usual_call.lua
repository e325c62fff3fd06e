-- The usual submission in a straight line: one call without options, values of its own or anybody who reacts to statuses.
-- First of the parts of submit, after schema, outbox, watched, new. What it does not know it leaves to the others, before it
-- wrote anything: to make their functions takes longer than all of this.
-- ARGV[1] 1 when this is the queue as well, else 0, and the id; ARGV[2] task, ARGV[3] text. Few words, because each one
-- takes both sides half as long as a command. A batch, as submit.lua says, is an even number of words.
if #ARGV == 3 and not watching then
  enter_new()
  local call, format, P = redis.call, string.format, KEYS[1] .. 'o:'
  local id, task = string.sub(ARGV[1], 2), ARGV[2]
  if call('ZADD', P .. 'ids', '0', id) == 1 then
    local clock, n = call('TIME'), call('INCR', P .. 'n')
    if n == 1 then mark_schema('o:') end
    -- The time is put together as text: to read numbers of it takes as long as a command.
    local order, now = format('%d', n), clock[1] .. '.' .. string.sub('00000' .. clock[2], -6)
    call('HSET', P .. 'packed', id, packed_new(task, order, kept(id, ARGV[3]) .. '$REGISTERED' .. now .. '||'))
    call('ZADD', P .. 'task:' .. task, order, id)
    call('HINCRBY', P .. 'counts', '$REGISTERED' .. task, '1')
    call('ZADD', P .. 'all', order, id)
    call('ZADD', P .. 'ready', '0', format('$USUAL_PLACE%016d:', n) .. id)
    if string.byte(ARGV[1]) == 49 then
      local wake = KEYS[1] .. 'wake'
      if call('LLEN', wake) >= $MOST_TOKENS then
        -- Nobody is idle: the short way is open, by this time.
        open_short_way()
        return now
      end
      call('RPUSH', wake, '1')
    end
    -- As good as an empty list, which takes longer to answer.
    return ''
  end
end

-- To the others it is a batch of one.
local ARGV = #ARGV == 3
  and {string.sub(ARGV[1], 1, 1), '1', string.sub(ARGV[1], 2), ARGV[2], ARGV[3], '0'} or ARGV
