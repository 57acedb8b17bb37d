"""A program with a license key, as its developer writes it from the published description alone, and a walk
through everything that it can be told. Standard library only.

    python3 tests/clients/license_keys.py < plan.json

The plan is one JSON object on standard input:

    url               where the service answers, "http://127.0.0.1:8080"
    store_code        the store's code
    tokens_demanded   true or false: "Enable authorization"
    errors_by         "property" or "code"
    errors_in_status  true: a refusal comes with a 4xx; false: with 200, as the original does
    token_lifetime    seconds that a token lives; 600 if it is left out
    expired_token     a token of `good` that is over (by more than the 5 s that clocks may differ), or null:
                      then 302 is not tried, and that is said. Must be there where tokens are demanded
    licenses          six, each {"sku": …, "license_key": …}:
      good                  of a product for sites; room for one activation and one domain
      other                 of ANOTHER product for sites: its SKU is the wrong one for `good`
      expired               of a product for sites, over
      activations_reached   of a product for sites; no activation left, but a domain
      domains_reached       of a product for sites; no domain left, but an activation
      desktop               of a desktop product; room for one activation

Licenses are as they were when it ends well, so it may be run again. At most 16 of its questions count as
guesses; where it is told to wait (429), it does, ten times at most, as in a second run within a minute.

Each line "ok …" is one answer that was as described. Ends with 0 and "all as described: …" only after an
answer for each code that the plan makes possible; with 1 and "surprise: …" at the first answer that is not as
described; with 2 and "the plan is wrong: …".

What the description leaves open, and how it turned out to be, is marked OPEN.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

REST = "/wp-json/woo-license-keys/v1/"
AJAX = "/wp-admin/admin-ajax.php"

# code: the property that bears it, and its message. OPEN: the property of 3, 201, 202 and 203, and the whole
# message of 201 to 203 and 300 to 302.
CODES = {
    1: ("store_code", "Invalid code."),
    2: ("license_key", "Invalid license key."),
    3: ("license_key", "Invalid license key."),
    4: ("license_key", "Invalid license key."),
    5: ("license_key", "Invalid license key."),
    100: ("sku", "Required."),
    101: ("license_key", "Required."),
    102: ("store_code", "Required."),
    103: ("activation_id", "Required."),
    104: ("domain", "Required."),
    200: ("license_key", "License key has expired."),
    201: ("license_key", "License key activation limit reached."),
    202: ("license_key", "License key domain activation limit reached."),
    203: ("activation_id", "Invalid activation."),
    300: ("access_token", "Required."),
    301: ("access_token", "Invalid access token."),
    302: ("access_token", "Access token has expired."),
}
# OPEN: by property, 203 is told of the key too.
BESIDES = {203: {"license_key": ["Invalid license key."]}}
TOKEN_CODES = {300, 301, 302}
DATA = [
    "expire", "activation_id", "expire_date", "timezone", "the_key", "url", "has_expired", "status",
    "allow_offline", "offline_interval", "offline_value", "downloadable", "ctoken",
]
LICENSES = ["good", "other", "expired", "activations_reached", "domains_reached", "desktop"]


class Surprise(Exception):
    """An answer that is not as described."""


class Answer:
    """Status, type and body of an answer, as they came."""

    def __init__(self, response):
        self.status = response.status
        self.wait = int(response.headers.get("Retry-After") or 0)
        self.type = response.headers.get("Content-Type") or ""
        self.text = response.read().decode("utf-8", "replace")
        try:
            self.body = json.loads(self.text)
        except ValueError:
            self.body = None

    def __str__(self):
        return f"{self.status} {self.type} {self.text[:600]}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: nobody described one."""

    def redirect_request(self, *_):
        return None


class LicenseKeys:
    """Speaks token, activate, validate and deactivate by one handler and in one kind of body."""

    def __init__(self, url, handler, body):
        self.url, self.handler, self.body, self.patience = url.rstrip("/"), handler, body, 10
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)

    def token(self, license_key, grant_type="license_key"):
        query = {"grant_type": grant_type, "license_key": license_key}
        return self._send("token", query, None, None)

    def activate(self, fields, token=None):
        return self._send("activate", {}, fields, token)

    def validate(self, fields, token=None):
        return self._send("validate", {}, fields, token)

    def deactivate(self, fields, token=None):
        return self._send("deactivate", {}, fields, token)

    def _send(self, what, query, fields, token):
        request = urllib.request.Request(self._address(what, query))
        if fields is not None:
            request.data, content_type = self._written(fields)
            request.add_header("Content-Type", content_type)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        answer = self._answered(request)
        while answer.status == 429 and self.patience:
            self.patience -= 1
            print(f"    told to wait {answer.wait} s")
            time.sleep(answer.wait)
            answer = self._answered(request)
        return answer

    def _answered(self, request):
        try:
            with self.opener.open(request, timeout=30) as response:
                return Answer(response)
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused)

    def _address(self, what, query):
        if self.handler == "rest":
            path = REST + what
        else:
            path, query = AJAX, {"action": f"license_key_{what}", **query}
        return self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")

    def _written(self, fields):
        if self.body == "json":
            return json.dumps(fields).encode(), "application/json"
        return urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"


class Walk:
    """One way through everything, by one handler and in one kind of body."""

    def __init__(self, plan, handler, body, seen):
        self.plan, self.seen, self.name = plan, seen, f"{handler} {body}"
        self.client = LicenseKeys(plan["url"], handler, body)
        self.site = f"{handler}-{body}.example.com"
        self.tokens = {}

    # What a program sends.

    def fields(self, which, **more):
        """The fields of a call about that license; `None` takes one away."""
        fields = {"store_code": self.plan["store_code"], **self.plan["licenses"][which], **more}
        return {name: value for name, value in fields.items() if value is not None}

    def token_of(self, which):
        """The token to send about that license, or none where none is demanded."""
        if not self.plan["tokens_demanded"]:
            return None
        if which not in self.tokens:
            self.tokens[which] = self.asks_for_a_token(which)
        return self.tokens[which]

    # What must come back.

    def must(self, holds, what, answer):
        if not holds:
            raise Surprise(f"{self.name}: {what}, but came: {answer}")

    def told(self, line):
        print(f"ok  {self.name}  {line}")
        self.seen["lines"] += 1

    def is_json(self, answer, what):
        self.must(isinstance(answer.body, dict), f"{what}: a JSON object was expected", answer)
        self.must("application/json" in answer.type, f"{what}: Content-Type of JSON", answer)

    def asks_for_a_token(self, which):
        answer = self.client.token(self.plan["licenses"][which]["license_key"])
        self.is_json(answer, f"token of {which}")
        body = answer.body
        self.must(answer.status == 200, f"token of {which}: status 200", answer)
        self.must(body.get("token_type") == "Bearer", f"token of {which}: token_type Bearer", answer)
        lifetime = self.plan["token_lifetime"]
        self.must(body.get("expires") == lifetime, f"token of {which}: expires {lifetime}", answer)
        token = body.get("access_token")
        self.must(isinstance(token, str) and len(token) > 20, f"token of {which}: one", answer)
        self.must(token not in self.seen["tokens"], f"token of {which}: a new one", answer)
        self.seen["tokens"].add(token)
        self.told(f"token of {which}: Bearer, {lifetime} s")
        return token

    def succeeded(self, what, answer):
        self.is_json(answer, what)
        body = answer.body
        self.must(answer.status == 200, f"{what}: HTTP 200", answer)
        self.must(body.get("error") is False, f"{what}: error false", answer)
        self.must(body.get("status") == 200, f"{what}: status 200", answer)
        message = body.get("message")
        self.must(isinstance(message, str) and message, f"{what}: a message", answer)
        self.must("errors" not in body, f"{what}: no errors", answer)
        return body

    def holds(self, what, which, answer, activation_id=None):
        """Succeeded, with everything that is told about an activation."""
        data = self.succeeded(what, answer).get("data")
        self.must(isinstance(data, dict), f"{what}: data", answer)
        for name in DATA:
            self.must(name in data, f"{what}: data.{name}", answer)
        key = self.plan["licenses"][which]["license_key"]
        self.must(data["the_key"] == key, f"{what}: the_key is the one that was sent", answer)
        self.must(data["status"] == "active", f"{what}: status active", answer)
        self.must(data["has_expired"] is False, f"{what}: has_expired false", answer)
        self.must(type(data["activation_id"]) is int, f"{what}: activation_id a number", answer)
        self.in_time(what, data["expire"], answer)
        if activation_id is not None:
            self.must(data["activation_id"] == activation_id, f"{what}: id {activation_id}", answer)
        return data["activation_id"]

    def in_time(self, what, expire, answer):
        whenever = expire is None or expire is False or expire == ""
        later = type(expire) is int and expire > time.time()
        self.must(whenever or later, f"{what}: expire in the future, or never", answer)

    def refused(self, code, what, answer):
        what = f"{what}: {code}"
        self.is_json(answer, what)
        body = answer.body
        self.status_of_refusal(code, what, answer)
        self.must(body.get("error") is True, f"{what}: error true", answer)
        self.must("data" not in body, f"{what}: no data", answer)
        errors = body.get("errors")
        self.must(isinstance(errors, dict), f"{what}: errors", answer)
        name, words = CODES[code]
        expected = BESIDES.get(code, {})
        if self.plan["errors_by"] == "code":
            name, expected = str(code), {}
        self.must(set(errors) == {name, *expected}, f"{what}: errors under {name}", answer)
        self.must(all(errors[also] == expected[also] for also in expected), what, answer)
        # OPEN: a list of messages.
        said = errors[name]
        self.must(isinstance(said, list) and len(said) == 1, f"{what}: one message", answer)
        self.must(str(said[0]).startswith(words), f"{what}: the message “{words}”", answer)
        self.seen["codes"].add(code)
        self.told(f"{what}: HTTP {answer.status}, {name}: {said[0]}")
        return answer

    def status_of_refusal(self, code, what, answer):
        inner = answer.body.get("status")
        # OPEN: where HTTP's status says it, the envelope's is the same.
        if code in TOKEN_CODES:
            self.must(answer.status == 401 == inner, f"{what}: HTTP and status 401", answer)
        elif self.plan["errors_in_status"]:
            self.must(400 <= answer.status < 500, f"{what}: HTTP 4xx", answer)
            self.must(inner == answer.status, f"{what}: status {answer.status}", answer)
        else:
            self.must(answer.status == 200, f"{what}: HTTP 200", answer)
            self.must(inner == 500, f"{what}: status 500", answer)

    # The ways.

    def life(self):
        """Token, activate, validate, deactivate; afterwards there is nothing to validate."""
        token = self.token_of("good") or self.asks_for_a_token("good")
        call = self.fields("good", domain=self.site)
        answer = self.client.activate(call, token)
        activation = self.holds("activate", "good", answer)
        said = answer.body["message"]
        self.must(said == "License Key activated successfully.", "activate: its message", answer)
        self.must(activation not in self.seen["activations"], "activate: an id of its own", answer)
        self.seen["activations"].add(activation)
        self.told("activate: active, an activation_id of its own")
        call["activation_id"] = activation
        self.holds("validate", "good", self.client.validate(call, token), activation)
        self.told("validate: active, the same activation_id")
        self.succeeded("deactivate", self.client.deactivate(call, token))
        self.told("deactivate: done")
        self.refused(203, "validate after deactivate", self.client.validate(call, token))

    def desktop(self):
        token = self.token_of("desktop")
        call = self.fields("desktop")
        activation = self.holds("activate desktop", "desktop", self.client.activate(call, token))
        self.told("activate desktop: without a domain")
        call["activation_id"] = activation
        self.holds("validate desktop", "desktop", self.client.validate(call, token), activation)
        self.told("validate desktop: without a domain")
        self.succeeded("deactivate desktop", self.client.deactivate(call, token))
        self.told("deactivate desktop: done")

    def localhost(self):
        """Counts against no limit, and has the id 404."""
        which = "activations_reached"
        token = self.token_of(which)
        call = self.fields(which, domain="localhost")
        self.holds("activate localhost", which, self.client.activate(call, token), 404)
        self.told("activate localhost: although no activation is left, as 404")
        call["activation_id"] = 404
        self.holds("validate localhost", which, self.client.validate(call, token), 404)
        self.told("validate localhost: as 404")
        self.succeeded("deactivate localhost", self.client.deactivate(call, token))
        self.told("deactivate localhost: done")

    def wrong_keys(self):
        number = self.plan["licenses"]["good"]["license_key"].rpartition("-")[2]
        unknown = "Zz9" * 8 + "-" + number
        keys = [(2, "not a key!-x"), (4, "Cqu62al903ICv40am9nM68Y7o932"), (5, unknown)]
        answers = [self.wrong_key(code, key) for code, key in keys]
        call = self.fields("good", domain=self.site, sku=self.plan["licenses"]["other"]["sku"])
        answer = self.client.activate(call, self.token_of("good"))
        answers.append(self.refused(3, "activate with the SKU of another", answer))
        if self.plan["errors_by"] == "property":
            same = {(answer.status, answer.text) for answer in answers}
            self.must(len(same) == 1, "every kind of wrong key: the same answer", answer)
            self.told("every kind of wrong key: the same answer")

    def wrong_key(self, code, key):
        """OPEN: where tokens are demanded, a wrong key is told when a token is asked for. Later a token would
        be another license's."""
        if self.plan["tokens_demanded"]:
            return self.refused(code, f"token of “{key}”", self.client.token(key))
        call = self.fields("good", domain=self.site, license_key=key)
        return self.refused(code, f"activate with “{key}”", self.client.activate(call))

    def missing(self):
        token = self.token_of("good")
        call = self.fields("good", domain=self.site, store_code="0" * 15)
        self.refused(1, "activate with another store's code", self.client.activate(call, token))
        for code, name in [(100, "sku"), (101, "license_key"), (102, "store_code"), (104, "domain")]:
            call = self.fields("good", **{"domain": self.site, name: None})
            self.refused(code, f"activate without {name}", self.client.activate(call, token))
        call = self.fields("good", domain=self.site)
        self.refused(103, "validate without activation_id", self.client.validate(call, token))
        self.refused(103, "deactivate without activation_id", self.client.deactivate(call, token))

    def over(self):
        """Limits that are reached, and expired."""
        for code, which in [(201, "activations_reached"), (202, "domains_reached")]:
            call = self.fields(which, domain=self.site)
            answer = self.client.activate(call, self.token_of(which))
            self.refused(code, f"activate {which}", answer)
        if self.plan["tokens_demanded"]:
            # OPEN: an expired license gets no token.
            answer = self.client.token(self.plan["licenses"]["expired"]["license_key"])
            self.refused(200, "token of expired", answer)
        else:
            answer = self.client.activate(self.fields("expired", domain=self.site))
            self.refused(200, "activate expired", answer)

    def bad_tokens(self):
        call = self.fields("good", domain=self.site)
        self.refused(300, "activate without a token", self.client.activate(call, None))
        made_up = "agat_" + "A" * 43
        self.refused(301, "activate with a token made up", self.client.activate(call, made_up))
        token = self.token_of("other")
        self.refused(301, "activate with another license's token", self.client.activate(call, token))
        if self.plan["expired_token"] is not None:
            answer = self.client.activate(call, self.plan["expired_token"])
            self.refused(302, "activate with a token that is over", answer)

    def errors(self):
        self.wrong_keys()
        self.missing()
        self.over()
        if self.plan["tokens_demanded"]:
            self.bad_tokens()


def read_plan(text):
    """The plan, with nothing left out that would make the walk check less than it says."""
    plan = json.loads(text)
    plan.setdefault("token_lifetime", 600)
    for name, kind in [("url", str), ("store_code", str), ("tokens_demanded", bool),
                       ("errors_in_status", bool), ("token_lifetime", int), ("licenses", dict)]:
        if type(plan.get(name)) is not kind:
            raise ValueError(f"{name} must be there, as {kind.__name__}")
    if plan.get("errors_by") not in ("property", "code"):
        raise ValueError('errors_by must be "property" or "code"')
    if plan["tokens_demanded"] and "expired_token" not in plan:
        raise ValueError("expired_token must be there, or null")
    for which in LICENSES:
        license = plan["licenses"].get(which)
        if not isinstance(license, dict) or set(license) != {"sku", "license_key"}:
            raise ValueError(f"licenses.{which} must have sku and license_key")
    if plan["licenses"]["good"]["sku"] == plan["licenses"]["other"]["sku"]:
        raise ValueError("good and other must be of different products")
    return plan


def walk(plan):
    seen = {"lines": 0, "codes": set(), "tokens": set(), "activations": set()}
    for handler in ("rest", "ajax"):
        for body in ("form", "json"):
            Walk(plan, handler, body, seen).life()
    for handler, body in (("rest", "form"), ("ajax", "json")):
        way = Walk(plan, handler, body, seen)
        way.desktop()
        way.localhost()
        way.errors()
    expected = set(CODES)
    if not plan["tokens_demanded"]:
        expected -= TOKEN_CODES
        print("not tried: 300, 301, 302 (no tokens are demanded)")
    elif plan["expired_token"] is None:
        expected -= {302}
        print("not tried: 302 (no token that is over)")
    if seen["codes"] != expected:
        raise Surprise(f"seen were the codes {sorted(seen['codes'])} of {sorted(expected)}")
    print(f"all as described: {seen['lines']} answers, {len(expected)} codes")


def main():
    try:
        plan = read_plan(sys.stdin.read())
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        print(f"the plan is wrong: {error}", file=sys.stderr)
        return 2
    try:
        walk(plan)
    except (Surprise, OSError) as error:
        print(f"surprise: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
