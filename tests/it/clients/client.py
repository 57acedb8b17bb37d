"""WooCommerce's own client for Python, unchanged: does the calls of a plan, and tells what came of each.

The plan comes as JSON on standard input; a line of JSON a call goes to standard output. Never: a
setting that no app would have, or verification turned off.
"""

import json
import sys

from woocommerce import API


def answer(plan, call):
    api = API(
        url=plan["url"],
        consumer_key=call["key"],
        consumer_secret=call["secret"],
        query_string_auth=plan["query"],
        timeout=30,
    )
    body = [] if call["data"] is None else [call["data"]]
    # The client writes into the parameters it is given.
    params = dict(call["params"])
    response = getattr(api, call["method"])(call["endpoint"], *body, params=params)
    return {"status": response.status_code, "body": response.json()}


def main():
    plan = json.load(sys.stdin)
    for call in plan["calls"]:
        try:
            said = answer(plan, call)
        except Exception as error:
            said = {"error": repr(error)}
        print(json.dumps(said), flush=True)


main()
