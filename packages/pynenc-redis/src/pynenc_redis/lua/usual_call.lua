-- The usual submission in a straight line: one call without options, values of its own or anybody who reacts to statuses.
-- First of the parts of submit, after schema. What it does not know it leaves to the others, before it wrote anything:
-- to make their functions takes longer than all of this.
local function submit_usual()
  local call, format, P = redis.call, string.format, KEYS[1] .. 'o:'
  local id, task, text = ARGV[3], ARGV[4], ARGV[5]
  if call('EXISTS', P .. 'watched') == 1 or call('ZADD', P .. 'ids', '0', id) == 0 then return false end
  local clock, n = call('TIME'), call('INCR', P .. 'n')
  if n == 1 then mark_schema('o:') end
  local order = format('%d', n)
  -- As record.lua and session.lua say. The time is put together as text: to read numbers of it takes as long as a command.
  local record = '$REGISTERED\0\0\0\0' .. task .. '\0' .. order .. '\0\0\0\0'
    .. '$REGISTERED' .. clock[1] .. '.' .. string.sub('00000' .. clock[2], -6) .. '||'
  call('MSET', P .. 'i:' .. id, record, P .. 'b:' .. id, text)
  call('ZADD', P .. 'task:' .. task, order, id)
  call('HINCRBY', P .. 'counts', '$REGISTERED' .. task, '1')
  call('ZADD', P .. 'all', order, id)
  call('ZADD', P .. 'ready', '0', format('$USUAL_PLACE%016d:', n) .. id)
  if ARGV[1] == '1' then
    local wake = KEYS[1] .. 'wake'
    if call('LLEN', wake) < $MOST_TOKENS then call('RPUSH', wake, '1') end
  end
  return true
end

if ARGV[2] == '1' and ARGV[6] == '0' and #ARGV == 6 and submit_usual() then return {} end
