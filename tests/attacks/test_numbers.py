"""The numbers of the limits as they are when nobody sets them; that each holds is tested where it belongs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from approvals import asking, outcomes
from approvals.admin_actions import MOST_AT_ONCE
from approvals.chains import body as chains
from approvals.services.answer import COMMENT_LIMIT
from intents import bodyguard, strictjson
from intents.jsonschemas import limits as forms
from intents.services.idempotency import KEPT_FOR
from intents.waiters import STREAMS_PER_KEY
from intents.wire import create, parser
from tests.conftest import Api

KIB = 1024
NUMBERS = {
    "body": (parser.BODY_LIMIT, 512 * KIB),
    "body before it is parsed": (bodyguard.LARGEST_BODY, 512 * KIB),
    "payload": (create.PAYLOAD_LIMIT, 256 * KIB),
    "depth": (strictjson.MAX_DEPTH, 32),
    "nodes": (strictjson.MAX_NODES, 10_000),
    "integer": (strictjson.MAX_INTEGER, 2**53 - 1),
    "title": (asking.TITLE_LIMIT, 255),
    "text": (asking.TEXT_LIMIT, 2_000),
    "comment": (COMMENT_LIMIT, 2_000),
    "outcomes": (outcomes.MAX_OUTCOMES, 20),
    "form": (forms.MAX_BYTES, 16 * KIB),
    "depth of a form": (forms.MAX_DEPTH, 12),
    "nodes of a form": (forms.MAX_NODES, 200),
    "longest time": (create.LONGEST_SECONDS, 366 * 24 * 3600),
    "reminders apart": (chains.SHORTEST_INTERVAL, 60),
    "reminders": (chains.MOST_REMINDERS, 20),
    "answers at once": (MOST_AT_ONCE, 50),
    "streams": (STREAMS_PER_KEY, 1_000),
    "repeats": (KEPT_FOR, timedelta(hours=48)),
    "requests": (settings.REQUESTS_PER_MINUTE, 600),
    "open gates": (settings.OPEN_GATES_PER_SENDER, 1_000),
    "messages": (settings.MESSAGES_PER_HOUR, 30),
    "deliveries": (settings.DELIVERIES_PER_GATE, 500),
    "sign-ins": (settings.AXES_FAILURE_LIMIT, 5),
    "pause of sign-ins": (timedelta(hours=settings.AXES_COOLOFF_TIME), timedelta(minutes=5)),
}
GOOD = {"intent_type": "intent.infra.change.v1", "to_agent": "human"}


@pytest.mark.parametrize(("built", "promised"), NUMBERS.values(), ids=list(NUMBERS))
def test_a_limit_is_the_promised_one_when_nobody_sets_it(built: Any, promised: Any) -> None:
    assert built == promised


def test_a_payload_is_refused_when_it_is_one_level_or_one_value_beyond_the_limit(api: Api) -> None:
    tower: Any = {}
    for _ in range(31):  # the request itself is the first level
        tower = {"a": tower}

    for payload, code in ((tower, "json_too_deep"), ({"a": [0] * 10_000}, "json_too_many_nodes")):
        answer = api.post("/v1/intents", GOOD | {"payload": payload})
        assert answer.status_code in (400, 413)
        assert answer.json()["error"]["code"] == code
