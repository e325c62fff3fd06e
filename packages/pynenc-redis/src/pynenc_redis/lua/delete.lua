-- Remove final invocations; others are left alone. After record. KEYS[1] the prefix. ARGV ids.
local P = KEYS[1] .. 'o:'
local call = redis.call
local removed = false

-- What operations.lua says that a workflow has.
local function forget_workflow(id)
  for _, name in ipairs(call('SMEMBERS', P .. 'names:' .. id)) do
    call('UNLINK', P .. 'message:' .. id .. ':' .. name)
  end
  call('UNLINK', P .. 'operations:' .. id, P .. 'values:' .. id, P .. 'messages:' .. id, P .. 'names:' .. id)
end

for _, id in ipairs(ARGV) do
  local v = look(id, 't', 's', 'f', 'pa', 'ca', 'wf', 'ro', 're')
  if v[3] then
    call('HDEL', P .. 'packed', id)
    call('UNLINK', P .. 'i:' .. id, P .. 'b:' .. id, P .. 'h:' .. id)
    call('ZREM', P .. 'ended', id)
    call('ZREM', P .. 'all', id)
    call('ZREM', P .. 'ids', id)
    call('ZREM', P .. 'task:' .. v[1], id)
    if v[2] ~= 's' then
      call('ZREM', P .. 'unsuccessful', id)
      call('ZREM', P .. 'failed', id)
    end
    local root = v[7] or id
    call('ZREM', P .. 'family:' .. root, id)
    -- Its entry came back with a member that was registered after it had gone.
    if v[7] and not exists(root) then call('ZREM', P .. 'family:' .. root, root) end
    removed = true
    if v[6] == id then
      call('ZREM', P .. 'workflows', id)
      forget_workflow(id)
    end
    if v[4] then call('ZREM', P .. 'children:' .. v[4], id) end
    if v[8] then call('ZREM', P .. 'reruns:' .. v[8], id) end
    if v[5] then call('ZREM', P .. 'results:' .. v[1] .. ':' .. v[5], id) end
    if call('HINCRBY', P .. 'counts', v[2] .. v[1], -1) == 0 then call('HDEL', P .. 'counts', v[2] .. v[1]) end
  end
end
if removed then call('INCR', P .. 'changes') end
