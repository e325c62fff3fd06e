-- Part of list, after record, for people: whether an invocation fulfils a condition, as values/record_filter says.
-- A condition is {kind, ...}: like: column, piece, ...; between: low or false, high or false, column, or columns of the
--   beginning and the end; in: letters; all, any: conditions; not: condition; by: column, {its value: condition};
--   unknown: one that is not judged here.
-- A column is a field; c, o and a number: the place in the first line of the call or of the outcome; id, root; created.
local function text_of(row, column)
  local value = row[column]
  if value ~= nil then return value end
  local kind, place = string.match(column, '^([co])(%d+)$')
  if column == 'root' then
    value = text_of(row, 'ro') or row.id
  elseif column == 'created' then
    value = entered_at(body_of(row.id)[1])
  elseif kind then
    if not row[kind] then
      local text = kind == 'c' and call_of(row.id) or kind == 'o' and select(2, body_of(row.id))
      local line = string.match(text or '', '^[^\n]+')
      row[kind] = line and cjson.decode(line) or {}
    end
    value = row[kind][tonumber(place)]
  else
    value = row.fields[column]
  end
  -- An empty text is none.
  if not value or value == cjson.null or value == '' then value = false end
  row[column] = value
  return value
end

local function is_made_of(text, pieces)
  local first, last = pieces[3], pieces[#pieces]
  if #pieces == 3 then return text == first end
  local at, stop = #first + 1, #text - #last
  if at > stop + 1 or string.sub(text, 1, #first) ~= first or string.sub(text, stop + 1) ~= last then return false end
  for place = 4, #pieces - 1 do
    local _, found = string.find(text, pieces[place], at, true)
    if not found or found > stop then return false end
    at = found + 1
  end
  return true
end

local KINDS = {}

local function judge(row, condition) return KINDS[condition[1]](row, condition) end

function KINDS.like(row, condition)
  local text = text_of(row, condition[2])
  return text and is_made_of(text, condition)
end

function KINDS.between(row, condition)
  local counts = condition[4] == 'rt' or condition[4] == 'rr' or condition[4] == 'rc'
  local number = tonumber(text_of(row, condition[4]) or counts and '0' or nil)
  if condition[5] then
    local stop = tonumber(text_of(row, condition[5]) or nil)
    number = number and stop and stop - number
  end
  return number and (not condition[2] or number >= condition[2]) and (not condition[3] or number <= condition[3])
end

KINDS['in'] = function(row, condition) return string.find(condition[2], text_of(row, 's'), 1, true) end

function KINDS.all(row, condition)
  for place = 2, #condition do
    if not judge(row, condition[place]) then return false end
  end
  return true
end

function KINDS.any(row, condition)
  for place = 2, #condition do
    if judge(row, condition[place]) then return true end
  end
  return false
end

KINDS['not'] = function(row, condition) return not judge(row, condition[2]) end

function KINDS.by(row, condition)
  local text = text_of(row, condition[2])
  local chosen = text and condition[3][text]
  return chosen and judge(row, chosen)
end

function KINDS.unknown() error('it is for others to judge') end

-- Also true of what cannot be judged here, such as a text that is no UTF-8: whoever asked looks at it again.
local function fulfils(id, condition)
  local known, answer = pcall(judge, {id = id, fields = fields_of(id)}, condition)
  return not known or answer
end
