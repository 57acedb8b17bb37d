#!/usr/bin/env python3
"""A whole app that connects to a store through AppGrant. Python 3.9 or later, `pip install cryptography`.

    STORE_URL=https://shop.example APP_URL=https://app.example PORT=8000 python3 receiver.py

It listens on 127.0.0.1 without TLS: the proxy in front of it answers at APP_URL, with TLS.
"""
import base64
import json
import os
import re
import secrets
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

STORE_URL = os.environ["STORE_URL"].rstrip("/")  # yours to know: never take it out of a callback
APP_URL = os.environ["APP_URL"].rstrip("/")
USER_ID = "4711"  # who is logged in to your app

connections = {}  # YOUR DATABASE: state (unique) -> who began it and, later, the keys. Encrypt secrets.
taken = set()  # YOUR DATABASE: every webhook-id (unique) whose keys were stored
database = threading.Lock()  # YOUR DATABASE: a transaction

public_keys, fetched_at, asked_at, asking = [], float("-inf"), float("-inf"), threading.Lock()


def store_keys(max_age):
    """The store's public keys; asks for them if our copy is more than `max_age` seconds old."""
    global public_keys, fetched_at, asked_at
    with asking:
        now = time.monotonic()
        if now - fetched_at > max_age and now - asked_at > 60:
            asked_at = now
            try:
                public_keys, fetched_at = ask_store(), now
            except Exception as error:  # Whatever it is, our copy still serves.
                print("the store's public keys cannot be read:", error, flush=True)
        # But not for long: a key that leaked is gone from the store, and must go from here.
        return public_keys if now - fetched_at <= 300 else []


def ask_store():
    with urllib.request.urlopen(STORE_URL + "/.well-known/jwks.json", timeout=5) as answer:
        keys = [public_key(jwk) for jwk in json.load(answer)["keys"]]
    if not any(keys):
        raise ValueError("there is no Ed25519 key")
    return [key for key in keys if key]


def public_key(jwk):
    """Nothing if it is of another kind, which is to be passed over."""
    try:
        if jwk["crv"] == "Ed25519":
            return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
    except (TypeError, KeyError, ValueError):
        return None


def fits(key, signature, signed):
    try:
        key.verify(base64.b64decode(signature), signed)
        return True
    except (InvalidSignature, ValueError):
        return False


def is_signed(headers, body):
    """Whether the store signed exactly this body, less than five minutes ago."""
    webhook_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", sent_at) or abs(time.time() - int(sent_at)) > 300:
        return False  # Too old to be new, or from a wrong clock: perhaps somebody sends it again.
    signed = f"{webhook_id}.{sent_at}.".encode() + body
    signatures = headers.get("webhook-signature", "").split(" ")
    signatures = [text[4:] for text in signatures if text.startswith("v1a,")]
    # Keys may be five minutes old. If none fits, the store may have a new one: ask, once a minute.
    return bool(signatures) and any(
        fits(key, signature, signed)
        for max_age in (300, 60) for key in store_keys(max_age) for signature in signatures
    )


def keys_in(body):
    """What the store says, if all that we need is there and is text."""
    try:
        keys, needed = json.loads(body), ("state", "user_id", "consumer_key", "consumer_secret")
        return keys if all(isinstance(keys[name], str) for name in needed) else None
    except (KeyError, RecursionError, TypeError, ValueError):
        return None


class App(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a client that says nothing

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/connect":
            self.connect()
        elif url.path == "/return":
            self.come_back(parse_qs(url.query).get("state", [""])[0])
        else:
            self.answer(404, "There is no such page.\n")

    def connect(self):
        """The person begins: remember a secret mark, and send the browser to the store."""
        state = secrets.token_urlsafe(24)
        connections[state] = {"user_id": USER_ID, "keys": None}
        parameters = {"app_name": "My App", "scope": "read", "user_id": USER_ID, "state": state,
                      "return_url": APP_URL + "/return", "callback_url": APP_URL + "/callback"}
        query = urlencode(parameters, quote_via=quote)
        self.answer(302, "", location=f"{STORE_URL}/wc-auth/v1/authorize?{query}")

    def do_POST(self):
        """The store hands over the keys."""
        length = self.headers.get("Content-Length", "0")
        if urlsplit(self.path).path != "/callback":
            return self.answer(404, "There is no such page.\n")
        if not re.fullmatch("[0-9]{1,5}", length):
            return self.answer(413, "That is too long.\n")
        body = self.rfile.read(int(length))  # The raw bytes: what was parsed cannot be checked.
        if not is_signed(self.headers, body):
            return self.answer(401, "The signature does not hold.\n")
        keys = keys_in(body)
        connection = keys and connections.get(keys["state"])
        if not connection or connection["user_id"] != keys["user_id"]:
            return self.answer(403, "Nobody here asked for these keys.\n")
        with database:
            if self.headers["webhook-id"] not in taken:  # A repeat is no news, and no error.
                taken.add(self.headers["webhook-id"])
                connection["keys"] = keys["consumer_key"], keys["consumer_secret"]
                print("stored the keys for user", keys["user_id"], flush=True)
        self.answer(204, "")

    def come_back(self, state):
        """The browser comes back. Anybody can type success=1; only the signed callback brings keys."""
        if connections.get(state, {}).get("keys"):
            self.answer(200, "Your store is connected.\n")
        else:
            self.answer(200, "Your store is not connected: it has sent no keys.\n")

    def answer(self, status, text, **headers):
        self.send_response(status)
        for name, value in {"content-type": "text/plain", **headers}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), App)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
