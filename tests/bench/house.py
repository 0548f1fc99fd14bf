"""What is measured: real servers, web processes and workers, and what each of them cost in processor time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg
import redis
from django.core.management import call_command
from django.db import connection

from tests import servers
from tests.factories import gate_rule, make_policy, make_world
from tests.live import ROOT, Live, celery, serving

READY = "ready"  # the database that each section gets a copy of
NO_LIMITS = {"REQUESTS_PER_MINUTE": "0", "OPEN_GATES_PER_SENDER": "0"}  # one key does what many would
YES = '{"decision":"approve"}'
BODY = {
    "intent_type": "intent.infra.change.v1",
    "to_agent": "human",
    "payload": {"target": "prod-postgres-main", "change": "raise max_connections", "from": 100, "to": 200},
}


@dataclass
class House:
    """The servers and the world of keys and people; `fresh` gives each section a database of its own."""

    url: str
    redis_url: str
    folder: Path
    processes: int
    quick: bool
    pgbench: Path
    world: SimpleNamespace = field(default_factory=SimpleNamespace)

    @contextmanager
    def fresh(self, name: str) -> Iterator[None]:
        """Inside, this process and all that it starts use an empty copy of the prepared database."""
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {READY}")
        redis.Redis.from_url(self.redis_url).flushdb()
        point_at(name)
        try:
            yield
        finally:
            point_at(READY)
            with psycopg.connect(self.url, autocommit=True) as admin:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def web(self) -> Iterator[Live]:
        """`manage.py serve` on the current database."""
        options = ("--processes", str(self.processes)) if self.processes > 1 else ()
        with serving(self.folder, *options, LOG_LEVEL="ERROR", **NO_LIMITS) as live:
            yield live
            live.stop()

    @contextmanager
    def workers(self, *queues: str, count: int = 1, **more: str) -> Iterator[list[int]]:
        """A beat and workers for these queues, with `more` in their environment; their process ids."""
        with ExitStack() as stack:
            beat = stack.enter_context(celery(self.folder, "beat", "--loglevel=ERROR", LOG_LEVEL="ERROR"))
            words = ("worker", "-Q", ",".join(queues), "--loglevel=ERROR", "--without-mingle", "--without-gossip")
            named = [f"worker-{'-'.join(queues)}-{number}" for number in range(count)]
            found = [
                stack.enter_context(celery(self.folder, *words, "-n", one, name=one, LOG_LEVEL="ERROR", **more))
                for one in named
            ]
            yield [each.process.pid for each in found]
            for each in (beat, *found):
                each.kill()

    def load(self, kind: str, live: Live, **job: Any) -> dict[str, Any]:
        """Run a job of `tests.bench.load` in its own process."""
        return speak([sys.executable, "-m", "tests.bench.load"], self.job(kind, live, **job))

    def job(self, kind: str, live: Live, **job: Any) -> dict[str, Any]:
        """The job with what all of them need."""
        auth = {
            "sender": f"x-api-key: {self.world.sender_secret}",
            "person": f"authorization: Bearer {self.world.tokens['ana']}",
        }
        return {"kind": kind, "port": live.port, "yes": YES, "body": BODY, **auth, **job}

    def dbos(self, kind: str, **job: Any) -> dict[str, Any]:
        """Run a job of the peer in its environment, on a database of its own."""
        address = self.url.rsplit("/", 1)[0] + "/dbos"
        python = str(ROOT / ".venv-bench" / "bin" / "python")
        return speak([python, "tests/bench/peer.py"], {"kind": kind, "database_url": address, "threads": 128, **job})


def speak(words: list[str], job: dict[str, Any]) -> dict[str, Any]:
    """A program that takes a job on stdin and says what it measured on stdout."""
    done = subprocess.run(words, cwd=ROOT, input=json.dumps(job), text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} failed")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def point_at(name: str) -> None:
    """Use another database of the same server from here on."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["NAME"] = name


@contextmanager
def house(url: str, redis_url: str, folder: Path, processes: int, *, quick: bool) -> Iterator[House]:
    """The world, ready: three people in one team, a policy that asks one of them, keys and tokens."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {READY}")
        admin.execute("CREATE DATABASE dbos")
    point_at(READY)
    call_command("migrate", verbosity=0)
    found = House(url, redis_url, folder, processes, quick, programs() / "pgbench")
    found.world = make_world()
    make_policy(found.world.workspace, gates=[gate_rule("team:sre", remind={"after": 600, "interval": 600, "max": 3})])
    point_at(READY)
    yield found
    connection.close()


def programs() -> Path:
    """Where the PostgreSQL wheel keeps its programs."""
    return servers.postgresql_programs(Path(), {})


class Meter:
    """Processor seconds (user and system) of process trees, by name, between `start` and `stop`."""

    def __init__(self, **pids: list[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()
        postmaster = psutil.Process(backend[0]).ppid() if backend else os.getpid()
        self._pids = {**pids, "PostgreSQL": [postmaster]}
        self._before: dict[str, float] = {}
        self.used: dict[str, float] = {}

    def __enter__(self) -> Meter:
        self._before = {name: sum(map(seconds_of, pids)) for name, pids in self._pids.items()}
        return self

    def __exit__(self, *stopped: object) -> None:
        after = {name: sum(map(seconds_of, pids)) for name, pids in self._pids.items()}
        self.used = {name: after[name] - self._before[name] for name in after}

    def per(self, count: int) -> str:
        """Milliseconds for each of `count`, by name."""
        parts = {name: seconds / max(count, 1) * 1000 for name, seconds in self.used.items() if seconds > 0.001}
        return ", ".join(f"{name} {spent:.2f}" for name, spent in parts.items()) + " ms"


def seconds_of(pid: int) -> float:
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return float(sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system)
