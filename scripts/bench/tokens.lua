-- Questions about tokens, in turn for each client in a file of lines `KEY SECRET TOKEN`.
-- Arguments: FILE WHAT. WHAT is "issue" (client_credentials), "introspect" (each client its token),
-- "token" (/verify by Bearer) or "key" (/verify by HTTP Basic).
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

local function posted(path, basic, form)
  local headers = {
    ['Authorization'] = basic, ['Content-Type'] = 'application/x-www-form-urlencoded',
    ['X-Forwarded-Proto'] = 'https', ['X-Forwarded-For'] = '203.0.113.7',
  }
  return wrk.format('POST', path, headers, form)
end

local function verified(authorization)
  return wrk.format('GET', '/verify', {
    ['User-Agent'] = 'WooCommerce-Python-REST-API/3.0.0', ['Authorization'] = authorization,
    ['X-Forwarded-Method'] = 'GET', ['X-Forwarded-Uri'] = '/wp-json/wc/v3/orders?per_page=10',
    ['X-Forwarded-Proto'] = 'https', ['X-Forwarded-For'] = '203.0.113.7',
  })
end

local ways = {
  issue = function(basic) return posted('/oauth2/token', basic, 'grant_type=client_credentials') end,
  introspect = function(basic, token) return posted('/oauth2/introspect', basic, 'token=' .. token) end,
  token = function(_, token) return verified('Bearer ' .. token) end,
  key = function(basic) return verified(basic) end,
}

local questions, count, at = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local key, secret, token = line:match('^(%S+) (%S+) (%S+)$')
    count = count + 1
    questions[count] = ways[args[2]]('Basic ' .. base64(key .. ':' .. secret), token)
  end
end

function request()
  at = at % count + 1
  return questions[at]
end

-- As verify.lua's.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('figures %.0f %.2f %.2f %.2f %d %d\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
