"""An app of the Python library `authlib`, unchanged.

The plan comes as a line of JSON on standard input; each step is told as a line of JSON on standard
output. The address at which the person's browser came is told on standard input. Never: a setting that no
app would have, or verification turned off.
"""

import json
import sys

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session


def tell(step, **what):
    print(json.dumps({"step": step, **what}), flush=True)


def heard():
    return sys.stdin.readline().strip()


def session(plan, **more):
    return OAuth2Session(
        plan["client_id"],
        plan["secret"],
        token_endpoint_auth_method=plan["method"],
        scope=plan["scope"],
        token_endpoint=plan["issuer"] + "/oauth2/token",
        default_timeout=30,
        **more,
    )


def call(app, plan):
    answer = app.get(plan["api"])
    tell("called", status=answer.status_code, body=answer.json())


def introspect(app, plan):
    answer = app.introspect_token(plan["issuer"] + "/oauth2/introspect", app.token["access_token"])
    tell("introspected", **answer.json())


def machine(plan):
    """An app that acts for itself."""
    app = session(plan)
    tell("connected", tokens=app.fetch_token())
    call(app, plan)
    introspect(app, plan)
    # So old that the library gets another before it calls.
    old = dict(app.token)
    app.token = {**old, "expires_at": 1}
    call(app, plan)
    tell("renewed", tokens=app.token)
    answer = app.revoke_token(plan["issuer"] + "/oauth2/revoke", token_type_hint="access_token")
    tell("revoked", status=answer.status_code)
    call(app, plan)


def web(plan):
    """An app of people's."""
    app = session(plan, redirect_uri=plan["redirect_uri"], code_challenge_method="S256")
    verifier = generate_token(48)
    url, state = app.create_authorization_url(plan["issuer"] + "/oauth2/authorize", code_verifier=verifier)
    tell("open", url=url)
    came = heard()
    tell("connected", tokens=app.fetch_token(authorization_response=came, state=state, code_verifier=verifier))
    call(app, plan)
    # So old that the library refreshes it before it calls.
    app.token = {**app.token, "expires_at": 1}
    call(app, plan)
    tell("refreshed", tokens=app.token)
    introspect(app, plan)
    answer = app.revoke_token(plan["issuer"] + "/oauth2/revoke")
    tell("revoked", status=answer.status_code)
    call(app, plan)
    app.refresh_token()


def main():
    plan = json.loads(heard())
    try:
        {"machine": machine, "web": web}[plan["kind"]](plan)
    except Exception as error:
        said = {name: getattr(error, name, None) for name in ("error", "description")}
        tell("failed", name=type(error).__name__, message=str(error), **said)


main()
