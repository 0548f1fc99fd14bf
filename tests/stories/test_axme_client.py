"""The stock `axme` client, unmodified but for its address and key: sending and waiting."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from axme import AxmeClient, AxmeClientConfig
from axme.exceptions import AxmeHttpError, AxmeValidationError

from intents.models import Intent
from tests.stories.requests import change, chore, gate_id

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WAITERS = 200
LINE_BREAKS = "one\u2028two\u2029three\x85four\x0bfive\x0csix"


def test_health_is_ok(sender):
    assert sender.health() == {"ok": True}


def test_send_intent_returns_the_id_and_get_intent_shows_it(sender):
    intent_id = sender.send_intent(change())

    got = sender.get_intent(intent_id)

    assert got["intent"]["intent_id"] == got["intent_id"] == intent_id
    assert got["intent"]["lifecycle_status"] == got["status"] == "WAITING"
    assert got["payload"] == {"target": "prod"}


def test_create_intent_returns_the_plan_and_the_warnings(sender):
    created = sender.create_intent(chore(), correlation_id=str(uuid.uuid4()))

    assert created["ok"] is True
    assert [step["kind"] for step in created["plan"]] == ["agent"]
    assert isinstance(created["warnings"], list)


def test_trace_id_comes_back_on_errors(sender):
    with pytest.raises(AxmeHttpError) as caught:
        sender.get_intent(str(uuid.uuid4()), trace_id="trace-7")

    assert caught.value.trace_id == "trace-7"


def test_list_intent_events_gives_what_comes_after_since(sender):
    intent_id = sender.send_intent(change())

    events = sender.list_intent_events(intent_id)["events"]
    later = sender.list_intent_events(intent_id, since=2)["events"]

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert later == events[2:]


def test_the_same_key_gives_the_same_intent_to_another_client_after_a_crash(live, asking, connect):
    first, second = (connect(live.url, asking.sender_secret) for _ in range(2))

    ids = {client.send_intent(change(), idempotency_key="deploy-42") for client in (first, second)}

    assert len(ids) == Intent.objects.count() == 1


def test_the_same_key_with_another_body_is_a_validation_error(sender):
    sender.send_intent(change(), idempotency_key="deploy-42")

    with pytest.raises(AxmeValidationError) as caught:
        sender.send_intent(change(payload={"target": "other"}), idempotency_key="deploy-42")

    assert caught.value.status_code == 409
    assert caught.value.message == "idempotency key reused with different payload"


def test_wait_for_returns_the_decision(sender, ana):
    intent_id = sender.send_intent(change())
    later = threading.Timer(0.5, ana.decide_approval, [gate_id(intent_id)], {"decision": "approve", "comment": "ok."})
    later.start()

    event = sender.wait_for(intent_id, timeout_seconds=20)
    later.join()

    assert event["event_type"] == "intent.completed"
    assert event["details"]["approved"] is True
    assert event["details"]["decided_by"] == ["ana@acme.example"]
    assert event["details"]["summary"].startswith("Approved by Ana Ruiz over the API at ")


def test_wait_for_returns_at_once_when_the_decision_was_made_before(sender, ana):
    intent_id = sender.send_intent(change())
    ana.decide_approval(gate_id(intent_id), decision="reject", comment="not today")
    started = time.monotonic()

    event = sender.wait_for(intent_id)

    assert event["status"] == "CANCELED"
    assert event["details"]["approved"] is False
    assert event["details"]["comment"] == "not today"
    assert time.monotonic() - started < 1


def test_wait_for_raises_timeout_error_when_nobody_decides(sender):
    intent_id = sender.send_intent(change())
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        sender.wait_for(intent_id, timeout_seconds=2)

    assert 1 < time.monotonic() - started < 6


def test_wait_for_goes_on_over_several_streams(sender, ana):
    intent_id = sender.send_intent(change())
    later = threading.Timer(2.5, ana.decide_approval, [gate_id(intent_id)], {"decision": "approve"})
    later.start()

    event = sender.wait_for(intent_id, wait_seconds=1, timeout_seconds=20)
    later.join()

    assert event["status"] == "COMPLETED"


def test_observe_yields_the_whole_history_once_and_in_order(sender, ana):
    intent_id = sender.send_intent(change())
    later = threading.Timer(0.5, ana.decide_approval, [gate_id(intent_id)], {"decision": "approve"})
    later.start()

    seen = list(sender.observe(intent_id, timeout_seconds=20))
    later.join()

    assert seen == sender.list_intent_events(intent_id)["events"]
    assert seen[-1]["event_type"] == "intent.completed"


def test_odd_line_breaks_in_a_payload_survive_the_stream(sender, ana):
    intent_id = sender.send_intent(change(payload={"text": LINE_BREAKS}))
    ana.decide_approval(gate_id(intent_id), decision="approve", comment=LINE_BREAKS)

    event = sender.wait_for(intent_id, timeout_seconds=10)

    assert event["details"]["payload"] == {"text": LINE_BREAKS}
    assert event["details"]["comment"] == LINE_BREAKS


def test_the_200th_waiter_on_one_key_gets_its_answer(live, asking, sender, ana):
    intent_id = sender.send_intent(change())
    limits = httpx.Limits(max_connections=WAITERS)
    config = AxmeClientConfig(base_url=live.url, api_key=asking.sender_secret)
    headers = {"x-api-key": asking.sender_secret}
    http = httpx.Client(base_url=live.url, headers=headers, timeout=15, limits=limits)

    with http, ThreadPoolExecutor(WAITERS) as threads:
        client = AxmeClient(config, http_client=http)
        waiting = [threads.submit(client.wait_for, intent_id, timeout_seconds=40) for _ in range(WAITERS)]
        time.sleep(3)
        ana.decide_approval(gate_id(intent_id), decision="approve")
        answers = [each.result() for each in waiting]

    assert [answer["status"] for answer in answers] == ["COMPLETED"] * WAITERS
