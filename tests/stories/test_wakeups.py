"""How soon waiting programs hear of a decision: over Redis, without one, and when Redis is in trouble."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest
import redis
from axme import AxmeClient
from django.conf import settings

from approvals.models import Gate
from intents.models import Event
from intents.waiters import SAFETY_NET_SECONDS
from notifications.models import Delivery, DeliveryStatus, KeptMail
from tests.factories import gate_rule, make_policy, open_gate
from tests.live import Live, celery, eventually, needs_redis, own_redis, serving
from tests.races.timing import make_due
from tests.servers import redis_server

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SLOWEST_REQUEST = 3.0
BY_WAKE_UP = SAFETY_NET_SECONDS - 0.5
BY_RE_READ = SAFETY_NET_SECONDS + 5.0
NO_REDIS = {"REDIS_URL": ""}
in_production = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"),
    reason="several processes around a Redis are the production mode: PostgreSQL",
)


@pytest.fixture
def gates(world: SimpleNamespace) -> list[Gate]:
    """Six open gates that one SRE ends; they remind once and then escalate to Cy."""
    remind = {"after": 3600, "interval": 3600, "max": 1}
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=remind, escalate_to=["person:cy@acme.example"])])
    return [open_gate(world) for _ in range(6)]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """For programs that wait."""
    with ThreadPoolExecutor(30) as executor:
        yield executor


def wait(threads: ThreadPoolExecutor, client: AxmeClient, gate: Gate) -> Future[tuple[dict[str, Any], float]]:
    """A program that waits for the gate's intent: the terminal event, and when it came."""

    def waited() -> tuple[dict[str, Any], float]:
        event = client.wait_for(str(gate.intent_id), timeout_seconds=40)
        return event, time.monotonic()

    return threads.submit(waited)


def approve(live: Live, world: SimpleNamespace, gate: Gate) -> float:
    """Ana approves over this server; when that had its answer."""
    headers = {"Authorization": f"Bearer {world.tokens['ana']}"}
    started = time.monotonic()
    httpx.post(f"{live.url}/v1/approvals/{gate.pk}/decision", json={"decision": "approve"}, headers=headers)
    assert time.monotonic() - started < SLOWEST_REQUEST
    return time.monotonic()


def lateness(live: Live, world: SimpleNamespace, gate: Gate, waiting: Future[tuple[dict[str, Any], float]]) -> float:
    """Seconds from the decision over `live` to the answer of who waits."""
    decided_at = approve(live, world, gate)
    event, at = waiting.result()
    assert event["details"]["decided_by"] == ["ana@acme.example"]
    return at - decided_at


@needs_redis
def test_a_decision_over_one_server_wakes_who_waits_at_another_when_redis_is_there(
    world, gates, connect, threads, tmp_path
):
    there = {"REDIS_URL": own_redis()}
    with serving(tmp_path, **there) as here, serving(tmp_path, **there) as other:
        client = connect(other.url, world.sender_secret)
        waiting = [wait(threads, client, gate) for gate in gates]
        time.sleep(1)

        late = sorted(lateness(here, world, gate, each) for gate, each in zip(gates, waiting, strict=True))

    assert late[-1] < BY_WAKE_UP
    assert late[len(late) // 2] < 1


def test_a_decision_wakes_who_waits_at_the_same_server_when_there_is_no_redis(world, gates, connect, threads, tmp_path):
    with serving(tmp_path, **NO_REDIS) as live:
        client = connect(live.url, world.sender_secret)
        waiting = [wait(threads, client, gate) for gate in gates]
        time.sleep(1)

        late = sorted(lateness(live, world, gate, each) for gate, each in zip(gates, waiting, strict=True))

    assert late[-1] < BY_WAKE_UP
    assert late[len(late) // 2] < 1


def test_who_waits_at_another_server_finds_the_answer_by_itself_when_there_is_no_redis(
    world, gates, connect, threads, tmp_path
):
    with serving(tmp_path, **NO_REDIS) as here, serving(tmp_path, **NO_REDIS) as other:
        waiting = wait(threads, connect(other.url, world.sender_secret), gates[0])
        time.sleep(1)

        assert lateness(here, world, gates[0], waiting) < BY_RE_READ


@in_production
@pytest.mark.parametrize("trouble", ["gone", "flushed", "hung"])
def test_nothing_stops_when_redis_is(trouble, world, gates, connect, threads, tmp_path):
    with ExitStack() as stack:
        url = stack.enter_context(redis_server())
        there = {"REDIS_URL": url}
        here, other = (stack.enter_context(serving(tmp_path, **there)) for _ in range(2))
        for kind in ("worker", "beat"):
            stack.enter_context(celery(tmp_path, kind, **there))
        eventually(lambda: Delivery.objects.filter(purpose="request", status=DeliveryStatus.SENT).count() == 18)
        waiting = [wait(threads, connect(other.url, world.sender_secret), gate) for gate in gates[:3]]
        time.sleep(1)

        stack.enter_context(in_trouble(url, trouble))
        late = [lateness(here, world, gate, each) for gate, each in zip(gates, waiting, strict=False)]
        seconds = timed(here, connect(here.url, world.sender_secret))
        make_due(gates[3:])
        eventually(lambda: Event.objects.filter(event_type="intent.reminder").count() == 3)
        eventually(lambda: Delivery.objects.filter(purpose="reminder", status=DeliveryStatus.SENT).count() == 9)

    assert max(late) < BY_RE_READ
    assert seconds < SLOWEST_REQUEST
    assert not Delivery.objects.filter(attempt__gt=1).exists()
    assert KeptMail.objects.count() == Delivery.objects.filter(status=DeliveryStatus.SENT).count()


@contextmanager
def in_trouble(url: str, trouble: str) -> Iterator[None]:
    """This Redis is killed, emptied, or stands still while everybody stays connected."""
    with redis.Redis.from_url(url) as client:
        process = psutil.Process(client.info("server")["process_id"])
        if trouble == "flushed":
            client.flushall()
    if trouble == "gone":
        process.kill()
    if trouble == "hung":
        process.suspend()
    try:
        yield
    finally:
        if trouble == "hung":
            process.resume()


def timed(live: Live, client: AxmeClient) -> float:
    """The slowest of several requests of each sort, in seconds."""
    slowest = 0.0
    for _ in range(5):
        for call in (
            partial(client.send_intent, {"intent_type": "intent.infra.x.v1", "to_agent": "human", "payload": {}}),
            client.health,
            partial(httpx.get, f"{live.url}/v1/intents", headers={"x-api-key": client._config.api_key}),
        ):
            started = time.monotonic()
            call()
            slowest = max(slowest, time.monotonic() - started)
    return slowest
