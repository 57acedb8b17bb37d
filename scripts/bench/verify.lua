-- Keys FROM..TO in turn, by HTTP Basic.
local b='ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
local function enc(data)
  return ((data:gsub('.', function(x) local r,b='',x:byte() for i=8,1,-1 do r=r..(b%2^i-b%2^(i-1)>0 and '1' or '0') end return r end)..'0000'):gsub('%d%d%d?%d?%d?%d?', function(x) if (#x < 6) then return '' end local c=0 for i=1,6 do c=c+(x:sub(i,i)=='1' and 2^(6-i) or 0) end return b:sub(c+1,c+1) end)..({ '', '==', '=' })[#data%3+1])
end
local reqs, n, i = {}, 0, 0
function init(args)
  local from, to, step, secret = tonumber(args[1]), tonumber(args[2]), tonumber(args[3] or 1), args[4]
  for k = from, to - 1, step do
    local hex = string.format('%040x', k)
    n = n + 1
    reqs[n] = wrk.format('GET', '/verify', {
      ['Authorization'] = 'Basic ' .. enc('ck_'..hex..':cs_'..(secret or hex)),
      ['X-Forwarded-Method']='GET', ['X-Forwarded-Uri']='/wp-json/wc/v3/orders?per_page=10', ['X-Forwarded-Proto']='https', ['X-Forwarded-For']='203.0.113.7', ['User-Agent']='WooCommerce-Python-REST-API/3.0.0'})
  end
end
function request() i = i % n + 1 return reqs[i] end
function done(summary, latency)
  for _, p in ipairs({ 50, 99, 99.9 }) do
    io.write(string.format('p%g %.2f ms\n', p, latency:percentile(p) / 1000))
  end
  local e = summary.errors
  io.write(string.format('p-errors connect %d read %d timeout %d status %d\n', e.connect, e.read, e.timeout, e.status))
end
