-- Compares the versions of fields and runs the commands if all match. Returned times never decrease. APPEND adds to a list that is
-- limited by count and bytes, and returns the entry's number, counted from the first one ever added.
local at = 1
local function take() at = at + 1; return ARGV[at - 1] end
local function append(list, most, bytes, content)
  local sums = list .. ':sums'
  redis.call('RPUSH', list, content)
  local number = redis.call('HINCRBY', sums, 'total', 1)
  local size, length = redis.call('HINCRBY', sums, 'bytes', #content), redis.call('LLEN', list)
  while length > tonumber(most) or (size > tonumber(bytes) and length > 1) do
    size, length = redis.call('HINCRBY', sums, 'bytes', -#redis.call('LPOP', list)), length - 1
  end
  return number
end
local time = redis.call('TIME')
local now = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), time[1] * 1000000 + time[2])
local answer = {string.format('%.0f', now), 0}
local expires, checks, touched = tonumber(take()), tonumber(take()), {[KEYS[1]] = true}
for _ = 1, checks do
  local key, field, version = take(), take(), take()
  if string.sub(redis.call('HGET', key, field) or '', 1, 8) ~= version then return answer end
  touched[key] = true
end
answer[2] = 1
while at <= #ARGV do
  local count = tonumber(take())
  local command = {unpack(ARGV, at, at + count - 1)}
  at = at + count
  touched[command[2]] = true
  if command[1] == 'APPEND' then
    answer[#answer + 1] = append(unpack(command, 2))
    touched[command[2] .. ':sums'] = true
  else
    answer[#answer + 1] = redis.call(unpack(command))
  end
end
if checks > 0 then
  redis.call('SET', KEYS[1], answer[1])
  for key in pairs(touched) do
    if redis.call('PTTL', key) < expires / 2 then redis.call('PEXPIRE', key, expires) end
  end
end
return answer
