"""A thousand programs wait in one server process for people, and all of them get their answers."""

from __future__ import annotations

import asyncio
import json
import resource
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from django.conf import settings
from django.db import connection

from approvals.services.answer import Answer
from approvals.services.decide import decide
from config import celery  # noqa: F401 - the broker of the ticks that a decision asks for
from intents.reads import Reads
from notifications.wakeup import WakeUp
from tests.factories import open_gate
from tests.live import LOOPBACK, PATIENCE, serving

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

CLIENTS = 1000
MOST_THREADS = 31
MOST_CONNECTIONS = 19


class Watch:
    """The most threads, database connections and memory that a process had while it was watched."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.threads = self.connections = 0
        self.megabytes = 0.0

    def look(self) -> None:
        self.threads = max(self.threads, len(list(Path(f"/proc/{self._process.pid}/task").iterdir())))
        self.connections = max(self.connections, self._open_connections())
        self.megabytes = max(self.megabytes, self._process.memory_info().rss / 2**20)

    def _open_connections(self) -> int:
        if connection.vendor == "sqlite":
            name = str(connection.settings_dict["NAME"])
            return sum(file.path == name for file in self._process.open_files())
        port = int(connection.settings_dict["PORT"])
        return sum(bool(row.raddr) and row.raddr.port == port for row in self._process.net_connections("tcp"))

    def _run(self) -> None:
        while not self._stopped.wait(0.25):
            self.look()

    @contextmanager
    def on(self) -> Iterator[Watch]:
        self._thread.start()
        yield self
        self._stopped.set()
        self._thread.join()


class Program:
    """A raw-socket client that waits for one intent's terminal event."""

    def __init__(self, intent_id: uuid.UUID) -> None:
        self.intent_id = intent_id
        self.parked = asyncio.Event()
        self.answer: dict[str, object] = {}
        self.answered_at = 0.0

    async def run(self, port: int, key: str) -> None:
        """Again when its stream is over before there is an answer, as programs do."""
        while self.answer.get("status") != "COMPLETED":
            await self._listen(port, key)
        self.answered_at = time.monotonic()

    async def _listen(self, port: int, key: str) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        path = f"/v1/intents/{self.intent_id}/events/stream?wait_seconds=60"
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\nx-api-key: {key}\r\n\r\n".encode())
        async for line in reader:
            if line.startswith(b"event: intent.waiting"):
                self.parked.set()
            if line.startswith(b"data: "):
                self.answer = json.loads(line.removeprefix(b"data: "))
            if self.answer.get("status") == "COMPLETED" or b"stream.timeout" in line:
                break
        writer.close()


@pytest.fixture
def _many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * CLIENTS)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def publishing() -> Iterator[None]:
    """This process says what it commits, as every process does where Redis is."""
    running = WakeUp(redis_url=settings.REDIS_URL).start()
    yield
    running.stop()


@pytest.mark.usefixtures("_many_files", "publishing")
def test_a_thousand_parked_programs_get_their_answers(world: SimpleNamespace, tmp_path: Path, capsys):
    gates = [open_gate(world) for _ in range(CLIENTS)]

    with serving(tmp_path) as live:
        watch = Watch(live.process.pid)
        watch.look()
        before = watch.megabytes
        with watch.on():
            programs, decided_at = asyncio.run(story(world, gates, live.port))
        code = live.stop()

    lateness = sorted(program.answered_at - decided_at[program.intent_id] for program in programs if program.answer)
    with capsys.disabled():
        print(
            f"\n{CLIENTS} parked on {connection.vendor}: {watch.threads} threads, {watch.connections} database "
            f"connections, {before:.0f} MB before and {watch.megabytes:.0f} MB at most; decision to answer "
            f"p50 {lateness[CLIENTS // 2] * 1000:.0f} ms, p99 {lateness[CLIENTS * 99 // 100] * 1000:.0f} ms"
        )
    assert [program.answer.get("status") for program in programs] == ["COMPLETED"] * CLIENTS
    assert watch.threads <= MOST_THREADS
    assert watch.connections <= MOST_CONNECTIONS
    assert code == 0, live.log


async def story(world: SimpleNamespace, gates, port: int) -> tuple[list[Program], dict[uuid.UUID, float]]:
    programs = [Program(gate.intent_id) for gate in gates]
    running = [asyncio.create_task(program.run(port, world.sender_secret)) for program in programs]
    await asyncio.wait_for(asyncio.gather(*(program.parked.wait() for program in programs)), PATIENCE)
    decided_at: dict[uuid.UUID, float] = {}

    def answer(gate) -> None:
        verdict = decide(gate.pk, Answer("approved"), world.ana, via="api", strength="linked")
        assert verdict.recorded, verdict
        decided_at[gate.intent_id] = time.monotonic()

    reads = Reads(2)
    await asyncio.gather(*(reads(answer, gate) for gate in gates))
    await asyncio.wait_for(asyncio.gather(*running), PATIENCE)
    return programs, decided_at
