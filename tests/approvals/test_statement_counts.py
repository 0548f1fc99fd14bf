"""How many SQL statements the busiest paths take, BEGIN and COMMIT included. An upper bound: lower it when you can."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from approvals.models import Gate
from intents import clock
from intents.models import ApiKey, Intent
from intents.selectors import events_after
from intents.sweeps import wake
from tests.factories import gate_rule, make_policy, open_gate
from tests.races.timing import make_due

pytestmark = pytest.mark.django_db(transaction=True)  # with savepoints instead of transactions the counts would differ

BODY = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {"target": "prod"}}


@pytest.fixture(autouse=True)
def _policy(world) -> None:
    remind = {"after": 600, "interval": 600, "max": 3}
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=remind)])
    open_gate(world)  # the first gate with these terms writes them
    ApiKey.objects.update(last_used_at=clock.now())  # noted once an hour


def posted(path: str, body: dict[str, Any], **headers: str) -> CaptureQueriesContext:
    with CaptureQueriesContext(connection) as captured:
        answer = APIClient().post(path, body, format="json", **headers)
    assert answer.status_code == 200, answer.content
    return captured


def test_statements_of_creating_an_intent_with_a_gate(world):
    captured = posted("/v1/intents", BODY, HTTP_X_API_KEY=world.sender_secret, HTTP_IDEMPOTENCY_KEY="one")

    assert len(captured) <= 21, said(captured)  # one of them asks who is away


def test_statements_of_a_decision_that_ends_the_intent(world):
    gate = Gate.objects.get()
    token = f"Bearer {world.tokens['ana']}"

    captured = posted(f"/v1/approvals/{gate.pk}/decision", {"decision": "approve"}, HTTP_AUTHORIZATION=token)

    assert Gate.objects.get().outcome == "approved"
    assert len(captured) <= 26, said(captured)  # the receipt is one of them, and for whom else


def test_statements_of_a_gate_whose_time_ran_out(world):
    gate = Gate.objects.get()
    Gate.objects.update(expires_at=clock.now())
    Intent.objects.update(wake_at=clock.now())

    with CaptureQueriesContext(connection) as captured:
        wake(gate.intent_id)

    assert Gate.objects.get().outcome == "expired"
    assert len(captured) <= 15, said(captured)


def test_statements_of_a_reminder(world):
    gate = Gate.objects.get()
    make_due([gate])

    with CaptureQueriesContext(connection) as captured:
        wake(gate.intent_id)

    assert events_after(gate.intent_id, 0)[-1]["event_type"] == "intent.reminder"
    assert len(captured) <= 11, said(captured)


def test_statements_of_reading_events(world):
    gate = Gate.objects.get()

    with CaptureQueriesContext(connection) as captured:
        events_after(gate.intent_id, 0)

    assert len(captured) == 1


def said(captured: CaptureQueriesContext) -> str:
    return "\n".join(query["sql"][:200] for query in captured.captured_queries)
