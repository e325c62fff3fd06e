-- A part of an index by order of submission; looks at no more than a number of records, so that nobody waits long.
-- After record, and condition if one is asked for.
-- KEYS[1] the prefix. ARGV[1] JSON: {index, after? (id), from? (order, instead of after), oldest_first?, limit, looks,
--   task?, statuses? (letters), root?, runner?, workflows?, awaits? (name), where? (a condition)}
-- Returns {{id, order, ...}, order to go on from or '' at the end, how many were looked at}.
local P = KEYS[1] .. 'o:'
local call = redis.call
local query = cjson.decode(ARGV[1])
local index = P .. query.index
local from = query.from
if query.after then
  from = look(query.after, 'n')[1]
  if not from then return {{}, '', 0} end
  -- A root is the first of its family, with order 0.
  if query.after == query.root then from = '0' end
end
local by_fields = query.task or query.statuses or query.root or query.runner or query.workflows or query.awaits
local filtered = by_fields or query.where
-- One more than is looked at, to know whether there is more.
local most = (filtered and query.looks or math.min(query.looks, query.limit)) + 1
local page
if query.oldest_first then
  page = call('ZRANGEBYSCORE', index, from and '(' .. from or '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, most)
else
  page = call('ZREVRANGEBYSCORE', index, from and '(' .. from or '+inf', '-inf', 'WITHSCORES', 'LIMIT', 0, most)
end
-- A family of one has no index.
if query.root and query.index == 'family:' .. query.root and not from and not page[1] then page = {query.root, '0'} end

local function fits(id)
  local v = look(id, 't', 's', 'r', 'wf', 'f', 'ro')
  return v[1]
    and (not query.task or v[1] == query.task)
    and (not query.statuses or string.find(query.statuses, v[2], 1, true))
    and (not query.root or (v[6] or id) == query.root)
    and (not query.runner or v[3] == query.runner)
    and (not query.workflows or v[4] == id)
    and (not query.awaits or (not v[5] and call('SISMEMBER', P .. 'awaits:' .. query.awaits, id) == 1))
end

local found = {}
for at = 1, math.min(#page, 2 * query.looks), 2 do
  if (not by_fields or fits(page[at])) and (not query.where or fulfils(page[at], query.where)) then
    found[#found + 1] = page[at]
    found[#found + 1] = page[at + 1]
  end
  if #found == 2 * query.limit or at + 1 == 2 * query.looks then
    return {found, page[at + 2] and page[at + 1] or '', (at + 1) / 2}
  end
end
return {found, '', #page / 2}
