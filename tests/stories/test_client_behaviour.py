"""What the stock client does when its server stops, dies or hangs: the lines of docs/client-behaviour.md, measured."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from approvals.models import Gate
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents.models import Intent
from tests.factories import gate_rule, make_policy, open_gate, send
from tests.front import front
from tests.live import LONGEST, ROOT, environment, eventually, free_port, serving

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.once,
]

DOCUMENT = ROOT / "docs" / "client-behaviour.md"
NO_REDIS = {"REDIS_URL": ""}


@pytest.fixture
def gate(world: SimpleNamespace) -> Gate:
    """An open gate."""
    make_policy(world.workspace, "allow", "approve", types=("intent.chore.*",), position=1)
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    return open_gate(world)


def approve(world: SimpleNamespace, gate: Gate) -> None:
    assert decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in").recorded


def failure_of(waiting: Future[Any]) -> BaseException:
    failure = waiting.exception(LONGEST)
    assert failure is not None
    assert f"`{type(failure).__module__.partition('.')[0]}.{type(failure).__name__}`" in DOCUMENT.read_text()
    return failure


def test_nobody_notices_a_rolling_restart_behind_one_address(world, gate, connect, tmp_path):
    ports: list[int] = []
    with front(ports) as url, ThreadPoolExecutor(30) as threads, serving(tmp_path, **NO_REDIS) as old:
        ports.append(old.port)
        client, agent = connect(url, world.sender_secret), connect(url, world.work_secret)
        waiting = [threads.submit(client.wait_for, str(gate.intent_id), timeout_seconds=30) for _ in range(20)]
        working = threads.submit(next, agent.listen("infra-validator", timeout_seconds=30))
        time.sleep(1)
        with serving(tmp_path, **NO_REDIS) as new:
            ports[:] = [new.port]
            code = old.stop(signal.SIGTERM)
            approve(world, gate)
            chore = send(world, intent_type="intent.chore.v1")

            assert code == 0, old.log
            assert [each.result(LONGEST)["status"] for each in waiting] == ["COMPLETED"] * 20
            assert working.result(LONGEST)["intent_id"] == str(chore.pk)


def test_streams_end_properly_when_the_only_server_stops_but_the_next_call_finds_nobody(world, gate, connect, tmp_path):
    with serving(tmp_path, **NO_REDIS) as live, ThreadPoolExecutor(1) as threads:
        client = connect(live.url, world.sender_secret)
        waiting = threads.submit(client.wait_for, str(gate.intent_id))
        time.sleep(1)

        assert live.stop(signal.SIGTERM) == 0

        assert isinstance(failure_of(waiting), httpx.ConnectError)


def test_wait_for_and_listen_raise_when_the_server_is_killed_in_the_middle_of_a_stream(world, gate, connect, tmp_path):
    with serving(tmp_path, **NO_REDIS) as live, ThreadPoolExecutor(2) as threads:
        client, agent = connect(live.url, world.sender_secret), connect(live.url, world.work_secret)
        waiting = threads.submit(client.wait_for, str(gate.intent_id))
        working = threads.submit(next, agent.listen("infra-validator"))
        time.sleep(1)

        live.kill()

        assert isinstance(failure_of(waiting), httpx.RemoteProtocolError)
        assert isinstance(failure_of(working), httpx.RemoteProtocolError)
        with pytest.raises(httpx.ConnectError):
            client.wait_for(str(gate.intent_id))


def test_wait_for_raises_after_15_more_seconds_when_the_server_hangs(world, gate, connect, tmp_path):
    with serving(tmp_path, **NO_REDIS) as live, ThreadPoolExecutor(1) as threads:
        client = connect(live.url, world.sender_secret)
        started = time.monotonic()
        waiting = threads.submit(client.wait_for, str(gate.intent_id), wait_seconds=1)
        eventually(lambda: time.monotonic() - started > 0.5)

        live.process.send_signal(signal.SIGSTOP)

        assert isinstance(failure_of(waiting), httpx.ReadTimeout)
        assert 14 < time.monotonic() - started < 25
        live.process.send_signal(signal.SIGCONT)


def test_the_documents_program_gets_its_answer_although_the_server_is_killed_twice(world, gate: Gate, tmp_path: Path):
    [program] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    port = free_port()
    with serving(tmp_path, port=port, **NO_REDIS) as live:
        there = {"COUNTERSIGN_URL": live.url, "COUNTERSIGN_KEY": world.sender_secret}
        words = [sys.executable, "-c", program]
        asking = subprocess.Popen(words, env=environment(**there), stdout=subprocess.PIPE, text=True)
        eventually(lambda: Intent.objects.count() == 2)
        time.sleep(0.5)
        live.kill()
    with serving(tmp_path, port=port, **NO_REDIS) as live:
        time.sleep(1.5)
        live.kill()
    approve(world, Gate.objects.exclude(pk=gate.pk).get())
    with serving(tmp_path, port=port, **NO_REDIS):
        said, _ = asking.communicate(timeout=LONGEST)

    assert said.startswith("Approved by Ana Ruiz in the web inbox at ")
    assert Intent.objects.count() == 2, "the one of the program was sent once"
