-- Questions about licenses, in turn for each in a file of lines `CODE KEY ACTIVATION TOKEN`.
-- Arguments: FILE WHAT. WHAT is "validate", "validate-token", "again" (activated before), "new" (a device
-- without a name, each time another place), "token", or "key" (/verify, for the bare server).
local function posted(question, form, token)
  local headers = {
    ['Content-Type'] = 'application/x-www-form-urlencoded', ['X-Forwarded-Proto'] = 'https',
    ['X-Forwarded-For'] = '203.0.113.7', ['Authorization'] = token and 'Bearer ' .. token,
  }
  return wrk.format('POST', '/wp-json/woo-license-keys/v1/' .. question, headers, form)
end

local function asked(code, sku, key, rest)
  return 'store_code=' .. code .. '&sku=' .. sku .. '&license_key=' .. key .. rest
end

local place = '&domain=https%3A%2F%2Fshop.example'

local ways = {
  validate = function(code, key, id)
    return posted('validate', asked(code, 'pro', key, place .. '&activation_id=' .. id))
  end,
  ['validate-token'] = function(code, key, id, token)
    return posted('validate', asked(code, 'pro', key, place .. '&activation_id=' .. id), token)
  end,
  again = function(code, key) return posted('activate', asked(code, 'pro', key, place)) end,
  new = function(code, key)
    return posted('activate', asked(code, 'desk', (key:gsub('^%w+', 'D%0')), ''))
  end,
  token = function(_, key) return posted('token', 'grant_type=license_key&license_key=' .. key) end,
  key = function()
    return wrk.format('GET', '/verify', {
      ['X-Forwarded-Method'] = 'GET', ['X-Forwarded-Uri'] = '/wp-json/wc/v3/orders?per_page=10',
      ['X-Forwarded-Proto'] = 'https', ['X-Forwarded-For'] = '203.0.113.7',
    })
  end,
}

local questions, count, at = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    count = count + 1
    questions[count] = ways[args[2]](line:match('^(%S+) (%S+) (%S+) (%S+)$'))
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
