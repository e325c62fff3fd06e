-- Remove final invocations; others are left alone. After workflows. KEYS[1] the prefix. ARGV ids.
local P = KEYS[1] .. 'o:'
local call = redis.call
for _, id in ipairs(ARGV) do
  local v = call('HMGET', P .. 'i:' .. id, 't', 's', 'f', 'pa', 'ca', 'wf')
  if v[3] then
    call('UNLINK', P .. 'i:' .. id, P .. 'b:' .. id, P .. 'h:' .. id)
    call('ZREM', P .. 'ended', id)
    call('ZREM', P .. 'all', id)
    if v[6] == id then
      call('ZREM', P .. 'workflows', id)
      forget_workflow(id)
    end
    if v[4] then call('ZREM', P .. 'children:' .. v[4], id) end
    if v[5] then call('ZREM', P .. 'results:' .. v[1] .. ':' .. v[5], id) end
    if call('HINCRBY', P .. 'counts', v[2] .. v[1], -1) == 0 then call('HDEL', P .. 'counts', v[2] .. v[1]) end
  end
end
