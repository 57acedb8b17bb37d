"""An app of the Python library `requests-oauthlib`, unchanged.

The plan comes as a line of JSON on standard input; each step is told as a line of JSON on standard
output. The address at which the person's browser came is told on standard input. Never: a setting that no
app would have, or verification turned off.
"""

import json
import sys

from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session


def tell(step, **what):
    print(json.dumps({"step": step, **what}), flush=True)


def heard():
    return sys.stdin.readline().strip()


def call(app, plan):
    answer = app.get(plan["api"], timeout=30)
    tell("called", status=answer.status_code, body=answer.json())


def machine(plan):
    """An app that acts for itself."""
    # The session's own `scope` would be compared with the answer's, but not sent.
    app = OAuth2Session(client=BackendApplicationClient(plan["client_id"], scope=plan["scope"]))
    in_body = {"include_client_id": True} if plan["method"] == "client_secret_post" else {}
    tokens = app.fetch_token(
        plan["issuer"] + "/oauth2/token", client_secret=plan["secret"], timeout=30, **in_body
    )
    tell("connected", tokens=tokens)
    call(app, plan)


def web(plan):
    """An app of people's."""
    token_url = plan["issuer"] + "/oauth2/token"
    app = OAuth2Session(
        plan["client_id"],
        redirect_uri=plan["redirect_uri"],
        scope=plan["scope"],
        pkce="S256",
        auto_refresh_url=token_url,
        auto_refresh_kwargs={"client_id": plan["client_id"], "client_secret": plan["secret"]},
        token_updater=lambda tokens: tell("refreshed", tokens=tokens),
    )
    url, _ = app.authorization_url(plan["issuer"] + "/oauth2/authorize")
    tell("open", url=url)
    came = heard()
    tokens = app.fetch_token(
        token_url, authorization_response=came, client_secret=plan["secret"], timeout=30
    )
    tell("connected", tokens=tokens)
    call(app, plan)
    # So old that the library refreshes it before it calls; with id and secret in the body.
    app.token = {**app.token, "expires_at": 1}
    call(app, plan)
    # By itself, with HTTP Basic.
    app.auto_refresh_kwargs = {}
    auth = HTTPBasicAuth(plan["client_id"], plan["secret"])
    spent = app.token["refresh_token"]
    tell("refreshed", tokens=app.refresh_token(token_url, auth=auth, timeout=30))
    call(app, plan)
    # As if that answer had been lost.
    again = app.refresh_token(token_url, refresh_token=spent, auth=auth, timeout=30)
    tell("refreshed", tokens=again)
    call(app, plan)
    heard()  # until the grace is over
    try:
        app.refresh_token(token_url, refresh_token=spent, auth=auth, timeout=30)
    finally:
        call(app, plan)


def main():
    plan = json.loads(heard())
    try:
        {"machine": machine, "web": web}[plan["kind"]](plan)
    except Exception as error:
        said = {name: getattr(error, name, None) for name in ("error", "description", "status_code")}
        tell("failed", name=type(error).__name__, message=str(error), **said)


main()
