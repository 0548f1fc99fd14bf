"""PostgreSQL goes away for a moment: connections break, and nothing else does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from axme.exceptions import AxmeServerError
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from approvals.models import Gate
from intents.models import Event, Intent
from notifications.models import Delivery, DeliveryStatus
from tests.factories import gate_rule, make_policy, open_gate, send
from tests.live import database_url, eventually, serving
from tests.races.timing import make_due
from tests.races.troupe import PLAYERS, assert_sound

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="SQLite has no server that could restart"
    ),
]

REMIND = {"after": 3600, "interval": 3600, "max": 1}
BREAKS = 3
CROWD = 8


def break_connections() -> int:
    """End all connections to this database but the tests' own, as a restart does. How many were ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s",
            [PLAYERS],
        )
        ended = {pid for pid, _ in cursor.fetchall()}
        eventually(lambda: ended.isdisjoint(pids(cursor)))
    return len(ended)


def pids(cursor: CursorWrapper) -> list[int]:
    cursor.execute("SELECT pid FROM pg_stat_activity")
    return [pid for (pid,) in cursor.fetchall()]


@contextmanager
def outage() -> Iterator[None]:
    """Nobody gets a connection to this database inside the block; ours stays."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    beside = urlsplit(database_url())._replace(path="/postgres").geturl()  # a database cannot lock its own door
    with psycopg.connect(beside, autocommit=True) as door:
        door.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false".encode())
        try:
            break_connections()
            yield
        finally:
            door.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true".encode())


def ask(together: Barrier | None = None) -> float:
    """How many seconds a question takes that is asked as a request does it: with a connection taken for it alone."""
    started = time.monotonic()
    connection.ensure_connection()
    if together:
        together.wait()
    Intent.objects.exists()
    connection.close()
    return time.monotonic() - started


def is_ready(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/health/ready", timeout=2).status_code == 200
    return False


def test_no_question_meets_a_dead_connection_however_many_there_are_in_the_pool(transactional_db: None):
    with ThreadPoolExecutor(CROWD) as threads:
        for _ in range(BREAKS):
            list(threads.map(ask, [Barrier(CROWD)] * CROWD))
            assert break_connections() >= CROWD - 1  # one of them breaks the others

            assert threads.submit(ask).result() < 1
            assert max(threads.map(ask, [None] * CROWD)) < 1


def test_a_question_that_waits_alone_is_answered_when_the_database_is_back(transactional_db: None):
    with ThreadPoolExecutor(1) as thread:
        thread.submit(ask).result()
        with outage():
            waiting = thread.submit(ask)
            time.sleep(3.3)  # a pool that doubles its pauses would look again 3.7 seconds later
            assert not waiting.done()
        back = time.monotonic()

        waiting.result()
        assert time.monotonic() - back < 2


def test_waiting_working_and_asking_go_on_when_all_connections_break(world: SimpleNamespace, connect, tmp_path: Path):
    make_policy(world.workspace, "allow", "approve", types=("intent.chore.*",), position=1)
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND)])
    gates = [open_gate(world) for _ in range(BREAKS)]

    with serving(tmp_path, "--embedded", REDIS_URL="") as live, ThreadPoolExecutor(30) as threads:
        sender, agent = connect(live.url, world.sender_secret), connect(live.url, world.work_secret)
        waiting = [threads.submit(sender.wait_for, str(gate.intent_id), timeout_seconds=60) for gate in gates]
        working = threads.submit(next, agent.listen("infra-validator", timeout_seconds=60))
        time.sleep(1)

        for gate in gates:
            assert break_connections() > 0
            answer = httpx.post(
                f"{live.url}/v1/approvals/{gate.pk}/decision",
                json={"decision": "approve"},
                headers={"Authorization": f"Bearer {world.tokens['ana']}"},
            )
            assert answer.status_code == 200, answer.text
            assert sender.send_intent({"intent_type": "intent.infra.x.v1", "to_agent": "human", "payload": {}})
        chore = send(world, intent_type="intent.chore.v1")
        make_due(Gate.objects.filter(closed_at=None))

        assert [each.result(60)["status"] for each in waiting] == ["COMPLETED"] * BREAKS
        assert working.result(60)["intent_id"] == str(chore.pk)
        eventually(lambda: Event.objects.filter(event_type="intent.reminder").count() == BREAKS)
        eventually(lambda: Delivery.objects.filter(purpose="reminder", status=DeliveryStatus.SENT).count() == 9)

    for intent in Intent.objects.all():
        assert_sound(intent)


def test_who_waits_waits_on_and_who_asks_is_answered_when_the_database_is_back(
    world: SimpleNamespace, connect, tmp_path: Path
):
    make_policy(world.workspace, "allow", "approve", types=("intent.chore.*",), position=1)
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=REMIND)])
    gate, other = open_gate(world), open_gate(world)

    with serving(tmp_path, "--embedded", REDIS_URL="") as live, ThreadPoolExecutor(30) as threads:
        sender, agent = connect(live.url, world.sender_secret), connect(live.url, world.work_secret)
        ana = connect(live.url, world.sender_secret, actor_token=world.tokens["ana"])
        waiting = threads.submit(sender.wait_for, str(gate.intent_id), timeout_seconds=60)
        working = threads.submit(next, agent.listen("infra-validator", timeout_seconds=60))
        time.sleep(1)

        with outage():
            asking = threads.submit(ana.decide_approval, str(gate.pk), decision="approve")
            time.sleep(4)
            assert not asking.done()
        chore = send(world, intent_type="intent.chore.v1")
        make_due([other])

        assert asking.result(30)["applied"] is True
        assert waiting.result(30)["status"] == "COMPLETED"
        assert working.result(30)["intent_id"] == str(chore.pk)
        eventually(lambda: Event.objects.filter(event_type="intent.reminder").count() == 1)
        assert sender.health() == {"ok": True}


def test_a_long_outage_is_over_for_everybody_as_soon_as_the_database_is_back(world: SimpleNamespace, tmp_path: Path):
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=5)])
    gate = open_gate(world)

    with serving(tmp_path, "--embedded", REDIS_URL="") as live, ThreadPoolExecutor(20) as threads:
        with outage():
            for _ in range(8):  # a pool that doubles its pauses would look again 7 seconds later
                threads.submit(httpx.get, f"{live.url}/health/ready", timeout=15)
                time.sleep(1)

        eventually(partial(is_ready, live.url), 5)
        eventually(lambda: Gate.objects.filter(pk=gate.pk, outcome="expired").exists(), 5)


def test_asking_is_a_server_error_that_may_be_tried_again_when_the_database_stays_away(
    world: SimpleNamespace, connect, tmp_path: Path
):
    nowhere = urlsplit(database_url())._replace(netloc="nobody@127.0.0.1:1").geturl()

    with serving(tmp_path, REDIS_URL="", DATABASE_URL=nowhere) as live:
        sender = connect(live.url, world.sender_secret)
        with pytest.raises(AxmeServerError) as caught:
            sender.send_intent({"intent_type": "intent.infra.x.v1", "to_agent": "human", "payload": {}})

    assert (caught.value.status_code, caught.value.retry_after) == (503, 1)
