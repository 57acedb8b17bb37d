-- Questions to /verify about keys FROM to TO, each STEP apart, in turn, by HTTP Basic.
-- Arguments: FROM TO [STEP [SECRET [MANNER]]]. Without SECRET the right one; "any": another wrong one
-- for each key. MANNER may hold "many": each question from another client's address; "nginx": as a
-- client would ask nginx, without the proxy's headers; "writes": with POST; "nobody": without a key.
local alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

local function base64(text)
  local out = {}
  for at = 1, #text, 3 do
    local a, b, c = text:byte(at, at + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for place = 1, 4 do
      local sextet = math.floor(bits / 64 ^ (4 - place)) % 64
      local there = place < 3 or (place == 3 and b) or (place == 4 and c)
      out[#out + 1] = there and alphabet:sub(sextet + 1, sextet + 1) or '='
    end
  end
  return table.concat(out)
end

local questions, count, at = {}, 0, 0

function init(args)
  local from, to, step = tonumber(args[1]), tonumber(args[2]), tonumber(args[3] or 1)
  local secret, manner = args[4] or '', args[5] or ''
  local method = manner:find('writes') and 'POST' or 'GET'
  for n = from, to - 1, step do
    local hex = string.format('%040x', n)
    local own = secret == '' and hex or secret == 'any' and string.format('f%039x', n) or secret
    local address = '203.0.113.7'
    if manner:find('many') then
      address = string.format('10.%d.%d.%d', n / 65536 % 256, n / 256 % 256, n % 256)
    end
    local headers = { ['User-Agent'] = 'WooCommerce-Python-REST-API/3.0.0' }
    if not manner:find('nobody') then
      headers['Authorization'] = 'Basic ' .. base64('ck_' .. hex .. ':cs_' .. own)
    end
    local path = '/wp-json/wc/v3/orders?per_page=10'
    if manner:find('nginx') then
      path = wrk.path
    else
      headers['X-Forwarded-Method'] = method
      headers['X-Forwarded-Uri'] = path
      headers['X-Forwarded-Proto'] = 'https'
      headers['X-Forwarded-For'] = address
      path = '/verify'
    end
    count = count + 1
    questions[count] = wrk.format(method, path, headers)
  end
end

function request()
  at = at % count + 1
  return questions[at]
end

-- One line: requests a second, percentiles in milliseconds, answers that are neither 2xx nor 3xx,
-- and broken connections.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('figures %.0f %.2f %.2f %.2f %d %d\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
