"""States before a transition, and answers to apply to them."""

import json
from dataclasses import replace

from scriptwriter.electric.state import Reply, ShapeState
from tests.unit.electric.answers import headers

START = ShapeState("n")
LIVE = replace(START, handle="h1", offset="5_0", cursor="7", live=True, schema={})
SYNCING = replace(LIVE, offset="0_0", cursor=None, live=False)


def reply(
    offset: str, *messages: object, status: int = 200, handle: str = "h1", up_to_date: bool = False
) -> Reply:
    extra_headers = {"electric-up-to-date": ""} if up_to_date else {}
    return Reply(status, headers(offset, handle=handle) | extra_headers, json.dumps(messages).encode())
