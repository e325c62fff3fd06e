-- Part of scripts that may write the first key of a section: its version, for processes that know an older one only.
local SCHEMA = '3'

local function mark_schema(section)
  redis.call('SET', KEYS[1] .. section .. 'schema', SCHEMA, 'NX')
end
