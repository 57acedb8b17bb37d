-- Asks AppGrant whether a request may pass, for HAProxy 2.6 or newer.
--
-- `http-request lua.appgrant ADDRESS` sends the request's method, address and headers to /verify, never
-- its body. Allowed: the store gets the identity headers and no credential. Else the client gets
-- AppGrant's answer. Whatever goes wrong, the request does not pass.

local IDENTITY = {
    "x-appgrant-key-id", "x-appgrant-permissions", "x-appgrant-owner", "x-appgrant-app",
    "x-appgrant-environment",
}
-- With APPGRANT_CLIENT_DOMAIN_HEADER, that header too, in lower case.
local ASKED = {
    "authorization", "x-accesstoken", "user-agent", "x-http-method-override", "host", "origin", "referer",
}
local ANSWERED = {
    "content-type", "cache-control", "retry-after", "www-authenticate", "x-content-type-options",
    "x-robots-tag", "x-request-id", "x-appgrant-error", "x-appgrant-message", "x-appgrant-reason",
}
local UNAVAILABLE = '{"code":"appgrant_unavailable","message":"The key cannot be checked right now. '
    .. 'Please try again in a moment.","data":{"status":503,"reason":"unavailable"}}'

-- A header's values as a list. HAProxy counts a request's from 0.
local function values(headers, name)
    local list = {}
    local found = headers and headers[name]
    if found then
        for index = 0, #found do
            if found[index] then list[#list + 1] = found[index] end
        end
    end
    return list
end

local function question(txn)
    local from = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-method"] = { txn.sf:method() },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-proto"] = { "https" },
        ["x-forwarded-for"] = values(from, "x-forwarded-for"),
        ["x-forwarded-host"] = values(from, "x-forwarded-host"),
    }
    for _, name in ipairs(ASKED) do
        local list = values(from, name)
        if #list > 0 then headers[name] = list end
    end
    return headers
end

local function decoded(name)
    name = name:gsub("+", " ")
    name = name:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    -- PHP reads these as underscores.
    return (name:gsub("[ .]", "_"))
end

local function is_credential(name)
    return name == "consumer_key" or name == "consumer_secret" or name:find("^oauth_") ~= nil
end

-- The query without credentials; every other byte stays.
local function without_credentials(query)
    local kept = {}
    for part in query:gmatch("[^&]+") do
        if not is_credential(decoded(part:match("^[^=]*"))) then kept[#kept + 1] = part end
    end
    return table.concat(kept, "&")
end

local function pass(txn, answer)
    for _, name in ipairs(IDENTITY) do
        txn.http:req_set_header(name, values(answer.headers, name)[1] or "")
    end
    -- With APPGRANT_KEEP_CREDENTIALS=true.
    if values(answer.headers, "x-appgrant-drop")[1] == "none" then return end
    txn.http:req_del_header("authorization")
    txn.http:req_del_header("x-accesstoken")
    local query = txn.sf:query()
    if query and query ~= "" then txn.http:req_set_query(without_credentials(query)) end
end

local function refuse(txn, status, headers, body)
    local reply = txn:reply()
    reply:set_status(status)
    for _, name in ipairs(ANSWERED) do
        for _, value in ipairs(values(headers, name)) do reply:add_header(name, value) end
    end
    reply:set_body(body)
    txn:done(reply)
end

local function judge(txn, address)
    local asked, answer = pcall(function()
        return core.httpclient():get({
            url = "http://" .. address .. "/verify",
            headers = question(txn),
            timeout = 10000,
        })
    end)
    local status = asked and answer and answer.status
    -- HAProxy answers 503 itself if AppGrant is not there; AppGrant's own answers name their error.
    local is_refusal = status and #values(answer.headers, "x-appgrant-error") > 0
    if status == 204 then
        pass(txn, answer)
    elseif is_refusal and (status == 401 or status == 403 or status == 503) then
        refuse(txn, status, answer.headers, answer.body)
    else
        local headers = { ["content-type"] = { [0] = "application/json; charset=UTF-8" }, ["retry-after"] = { [0] = "2" } }
        refuse(txn, 503, headers, UNAVAILABLE)
    end
end

core.register_action("appgrant", { "http-req" }, judge, 1)
