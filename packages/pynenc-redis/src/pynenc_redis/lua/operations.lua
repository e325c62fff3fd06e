-- Part of scripts about workflows. A workflow has, by its id: <prefix>o:operations:<id> (JSON of number, name and data
-- by number), o:values:<id>, o:message:<id>:<name> (data in order of arrival), o:messages:<id> (ids that arrived),
-- o:names:<id> (names of messages). Its record's field `aw` is the name that it awaits; o:awaits:<name> has who does.

local function record_operations(id, operations)
  local key = KEYS[1] .. 'o:operations:' .. id
  for _, one in ipairs(operations) do
    -- A position that is taken stays as it is.
    if redis.call('ZCOUNT', key, one[1], one[1]) == 0 then redis.call('ZADD', key, one[1], cjson.encode(one)) end
  end
end
