-- Ids of one page by order of submission; looks at no more than a number of records, so that nobody waits long.
-- KEYS[1] the prefix. ARGV[1] JSON: {after? (id), from? (order, instead of after), oldest_first?, limit, looks,
--   parent?, task?, statuses? (letters), root?, runner?, workflows?,
--   awaits? (name)}
-- Returns {ids, order to go on from, or '' at the end}.
local P = KEYS[1] .. 'o:'
local call = redis.call
local query = cjson.decode(ARGV[1])
local index = query.parent and P .. 'children:' .. query.parent
  or (query.workflows or query.awaits) and P .. 'workflows' or P .. 'all'
local from = query.from
if query.after then
  from = call('HGET', P .. 'i:' .. query.after, 'n')
  if not from then return {{}, ''} end
end
local page
if query.oldest_first then
  page = call('ZRANGEBYSCORE', index, from and '(' .. from or '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, query.looks)
else
  page = call('ZREVRANGEBYSCORE', index, from and '(' .. from or '+inf', '-inf', 'WITHSCORES', 'LIMIT', 0, query.looks)
end
local filtered = query.task or query.statuses or query.root or query.runner or query.workflows or query.awaits
local found = {}
for at = 1, #page, 2 do
  local id, fits = page[at], true
  if filtered then
    local v = call('HMGET', P .. 'i:' .. id, 't', 's', 'r', 'wf', 'f')
    fits = (not query.task or v[1] == query.task)
      and (not query.statuses or (v[2] and string.find(query.statuses, v[2], 1, true)))
      and (not query.runner or v[3] == query.runner)
      and (not query.workflows or v[4] == id)
      and (not query.awaits or (not v[5] and call('SISMEMBER', P .. 'awaits:' .. query.awaits, id) == 1))
    if fits and query.root and id ~= query.root then
      local text = call('LINDEX', P .. 'b:' .. id, 0)
      fits = cjson.decode(string.sub(text, 1, string.find(text, '\n', 1, true) - 1))[3] == query.root
    end
  end
  if fits then found[#found + 1] = id end
  if #found == query.limit then return {found, page[at + 1]} end
end
return {found, #page == 2 * query.looks and page[#page] or ''}
