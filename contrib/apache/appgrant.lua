-- Asks AppGrant whether a request may pass, for Apache's mod_lua with lua-socket.
--
-- Sends the request's method, address and headers to /verify, never its body. Allowed: the store gets
-- the identity headers and no credential. Else the client gets AppGrant's answer. Whatever goes wrong,
-- the request does not pass.

local socket = require "socket"

-- AppGrant, exactly as in appgrant.conf.
local HOST, PORT = "127.0.0.1", 8080
local IDENTITY = {
    "X-Appgrant-Key-Id", "X-Appgrant-Permissions", "X-Appgrant-Owner", "X-Appgrant-App",
    "X-Appgrant-Environment",
}
-- Also ids and traces, which AppGrant takes from a proxy that it trusts.
local NOT_OUTSIDE = {
    "X-Request-Id", "traceparent", "tracestate",
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Uri",
    "X-Forwarded-Server", "X-Forwarded-Port", "X-Original-Method", "X-Original-URI",
    table.unpack(IDENTITY),
}
-- With APPGRANT_CLIENT_DOMAIN_HEADER, that header too.
local ASKED = {
    "Host", "Authorization", "X-AccessToken", "User-Agent", "X-HTTP-Method-Override", "Origin", "Referer",
}
local ANSWERED = {
    "cache-control", "retry-after", "www-authenticate", "x-content-type-options", "x-robots-tag", "x-request-id",
    "x-appgrant-error", "x-appgrant-message", "x-appgrant-reason",
}
local UNAVAILABLE = '{"code":"appgrant_unavailable","message":"The key cannot be checked right now. '
    .. 'Please try again in a moment.","data":{"status":503,"reason":"unavailable"}}'

-- Kept between the questions of one thread.
local connection

-- Also with underscores, in every mixture: to PHP they are the same header.
local function drop(headers, name, from)
    local at = name:find("[-]", from or 1)
    if not at then
        headers[name] = nil
        return
    end
    drop(headers, name, at + 1)
    drop(headers, name:sub(1, at - 1) .. "_" .. name:sub(at + 1), at + 1)
end

local function decoded(text)
    text = text:gsub("+", " ")
    return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function is_credential(part)
    -- PHP reads these as underscores.
    local name = decoded(part:match("^[^=]*")):gsub("[ .]", "_")
    return name == "consumer_key" or name == "consumer_secret" or name:find("^oauth_") ~= nil
end

local function without_credentials(url)
    local path, query = url:match("^([^?]*)%?(.*)$")
    if not path then return url end
    local kept = {}
    for part in query:gmatch("[^&]+") do
        if not is_credential(part) then kept[#kept + 1] = part end
    end
    return path .. (#kept > 0 and "?" or "") .. table.concat(kept, "&")
end

-- Wide on purpose: a request that is asked about for nothing is refused, and one that is forgotten
-- reaches the store as nobody's.
local function needs_a_key(uri)
    local path, query = uri:match("^([^?]*)%??(.*)$")
    return decoded(path):lower():find("wp%-json.*wc") or decoded(query):lower():find("rest.route")
end

local function is_page(path)
    for _, start in ipairs { "wc-auth/", "connections/", "static/", "admin/", "oauth2/", "api/v1/" } do
        if path:sub(2, #start + 1) == start then return true end
    end
    for _, page in ipairs {
        "/openapi.json", "/login", "/logout", "/setup", "/admin", "/token", "/revoke", "/auth/v1/accessToken",
        "/.well-known/jwks.json", "/.well-known/oauth-authorization-server",
    } do
        if path == page then return true end
    end
    return false
end

-- A program that asks about its license key, by either of its addresses, as it came. WordPress' own
-- admin-ajax.php stays the store's.
local function is_license(uri)
    local path, query = uri:match("^([^?]*)%??(.*)$")
    local base, what = "/wp-json/woo-license-keys/v1", nil
    if path == base or path == base .. "/" then return true end
    if path:sub(1, #base + 1) == base .. "/" then
        what = path:sub(#base + 2):gsub("/$", "")
    elseif path == "/wp-admin/admin-ajax.php" then
        what = ("&" .. query):match("&action=license_key_([a-z]+)$")
            or ("&" .. query):match("&action=license_key_([a-z]+)&")
    end
    return what == "token" or what == "activate" or what == "validate" or what == "deactivate"
end

local function question(r)
    local lines = { "GET /verify HTTP/1.1" }
    for _, name in ipairs(ASKED) do
        local value = r.headers_in[name]
        if value then lines[#lines + 1] = name .. ": " .. value end
    end
    lines[#lines + 1] = "X-Forwarded-Method: " .. r.method
    lines[#lines + 1] = "X-Forwarded-Uri: " .. r.unparsed_uri
    lines[#lines + 1] = "X-Forwarded-Proto: " .. (r.is_https and "https" or "http")
    lines[#lines + 1] = "X-Forwarded-Host: " .. (r.headers_in["Host"] or "")
    lines[#lines + 1] = "X-Forwarded-For: " .. r.useragent_ip
    return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function answer_of(stream)
    local status = tonumber((assert(stream:receive("*l"))):match("^HTTP/1%.1 (%d%d%d)"))
    local headers = {}
    for line in function() return assert(stream:receive("*l")) end do
        if line == "" then break end
        local name, value = line:match("^([^:]+):%s*(.*)$")
        if name then headers[name:lower()] = value end
    end
    local length = tonumber(headers["content-length"] or 0)
    local body = length > 0 and assert(stream:receive(length)) or ""
    return { status = status, headers = headers, body = body }
end

local function exchange(text)
    if not connection then
        local fresh = assert(socket.tcp())
        fresh:settimeout(10)
        assert(fresh:connect(HOST, PORT))
        connection = fresh
    end
    assert(connection:send(text))
    return answer_of(connection)
end

-- A kept connection may have ended in the meantime, so a failure is tried once more with a new one.
local function ask(text)
    for _ = 1, 2 do
        local done, answer = pcall(exchange, text)
        if done then return answer end
        if connection then connection:close() end
        connection = nil
    end
end

local function refuse(r, status, headers, body)
    r.status = status
    r.content_type = "application/json; charset=UTF-8"
    for _, name in ipairs(ANSWERED) do
        if headers[name] then r.err_headers_out[name] = headers[name] end
    end
    if r.method ~= "HEAD" then r:write(body) end
    return apache2.DONE
end

local function judge(r)
    local answer = ask(question(r))
    local status = answer and answer.status
    if status == 204 then
        for _, name in ipairs(IDENTITY) do r.headers_in[name] = answer.headers[name:lower()] or "" end
        -- With APPGRANT_KEEP_CREDENTIALS=true it says that none is to be dropped.
        if answer.headers["x-appgrant-drop"] ~= "none" then
            drop(r.headers_in, "Authorization")
            drop(r.headers_in, "X-AccessToken")
            r.filename = without_credentials(r.filename)
        end
        return apache2.OK
    elseif status == 401 or status == 403 or status == 503 then
        return refuse(r, status, answer.headers, answer.body)
    end
    return refuse(r, 503, { ["retry-after"] = "2" }, UNAVAILABLE)
end

function check(r)
    for _, name in ipairs(NOT_OUTSIDE) do drop(r.headers_in, name) end
    r.headers_in["X-Forwarded-For"] = r.useragent_ip
    r.headers_in["X-Forwarded-Proto"] = r.is_https and "https" or "http"
    r.headers_in["X-Forwarded-Host"] = r.headers_in["Host"]
    local uri = r.unparsed_uri
    if uri:sub(1, 1) ~= "/" then return 400 end
    local to_pages = r.filename:find("proxy:http://" .. HOST .. ":" .. PORT .. "/", 1, true) == 1
    if to_pages ~= is_page(uri:match("^[^?]*")) then return 404 end
    if is_license(uri) then
        r.filename = "proxy:http://" .. HOST .. ":" .. PORT .. uri
        return apache2.OK
    end
    if to_pages or not needs_a_key(uri) then return apache2.OK end
    return judge(r)
end
