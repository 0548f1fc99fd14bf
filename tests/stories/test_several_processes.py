"""`manage.py serve --processes 2`: one address, and whoever waits in one process hears what is decided in the other."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from approvals.models import Gate
from tests.factories import open_gate
from tests.live import LONGEST, Live, eventually, needs_redis, own_redis, serving
from tests.stories.test_serving import read_until, stream_of

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.django_db(transaction=True), needs_redis]

CLIENTS = 8


def children(live: Live) -> list[psutil.Process]:
    return [one for one in psutil.Process(live.process.pid).children() if one.is_running()]


def decide(live: Live, gate: Gate, token: str) -> None:
    request = urllib.request.Request(
        f"{live.url}/v1/approvals/{gate.pk}/decision",
        json.dumps({"decision": "approve"}).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["applied"]


def test_all_clients_hear_of_a_decision_whichever_process_they_wait_in(world: SimpleNamespace, tmp_path: Path):
    gate = open_gate(world)

    with serving(tmp_path, "--processes", "2", REDIS_URL=own_redis()) as live:
        clients = [stream_of(live.port, gate.intent, world.sender_secret) for _ in range(CLIENTS)]
        for client in clients:
            read_until(client, b"intent.waiting")
        decide(live, gate, world.tokens["ana"])
        heard = [read_until(client, b"0\r\n\r\n") for client in clients]
        for client in clients:
            client.close()
        code = live.stop()

    assert all(b'"status":"COMPLETED"' in each for each in heard)
    assert code == 0, live.log


def test_process_that_was_killed_is_followed_by_another(world: SimpleNamespace, tmp_path: Path):
    with serving(tmp_path, "--processes", "2", REDIS_URL=own_redis()) as live:
        before = children(live)
        before[0].kill()
        eventually(lambda: len({one.pid for one in children(live)} - {before[0].pid}) == 2)
        code = live.stop()

    assert len(before) == 2
    assert code == 0, live.log


@pytest.mark.once
def test_all_processes_end_when_it_is_stopped_while_one_is_to_be_followed(world: SimpleNamespace, tmp_path: Path):
    with serving(tmp_path, "--processes", "2", REDIS_URL=own_redis()) as live:
        before = children(live)
        before[0].kill()
        eventually(lambda: "another follows" in live.log)
        code = live.stop()
        gone, alive = psutil.wait_procs(before, timeout=LONGEST)

    assert code == signal.SIGKILL, "it says how the one ended"
    assert not alive
    assert len(gone) == 2


def test_no_process_outlives_the_one_that_started_it(world: SimpleNamespace, tmp_path: Path):
    with serving(tmp_path, "--processes", "2", REDIS_URL=own_redis()) as live:
        left = children(live)
        live.kill()
        gone, alive = psutil.wait_procs(left, timeout=15)

    assert len(gone) == 2
    assert not alive


def test_several_processes_need_redis(world: SimpleNamespace, tmp_path: Path):
    with (
        pytest.raises(AssertionError, match="--processes needs REDIS_URL"),
        serving(tmp_path, "--processes", "2", REDIS_URL=""),
    ):
        pass
