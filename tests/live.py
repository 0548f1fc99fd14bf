"""Real processes on the suite's database, for tests that must see one: a server, a worker, a beat, a program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import redis
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
PATIENCE = 90.0
LONGEST = 60.0
"""Seconds: no promise, but so many that only what never comes takes longer, on a busy machine as well."""
NOT_FOR_CHILDREN = ("PYTHONDEVMODE",)  # it doubles the time of everything
FIRST_REDIS_DATABASE = 6  # one for each test process, behind the one that all share

needs_redis = pytest.mark.skipif(
    not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set: run `make test`, which starts a Redis"
)


@dataclass
class Running:
    """A process that a test started; `log` is what it has printed."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM, seconds: float = LONGEST) -> int:
        """Its exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """As a power failure would; nothing more runs in it when this returns."""
        self.stop(signal.SIGKILL)


@dataclass
class Live(Running):
    """A server that answers at `url`."""

    port: int = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


@contextmanager
def running(log_file: Path, *words: str | Path, **more: str) -> Iterator[Running]:
    """A Python program with these words, on the test's database. Ended by its id, whatever the test does."""
    with log_file.open("ab") as log:
        process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment(**more), stdout=log, stderr=log)
    try:
        yield Running(process, log_file)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def serving(
    folder: Path, *options: str, port: int = 0, program: tuple[str, ...] = ("manage.py",), **more: str
) -> Iterator[Live]:
    """`manage.py serve` with these options, up and answering, on a free port."""
    port = port or free_port()
    words = (*program, "serve", "--port", str(port), *options)
    with running(folder / f"serve-{port}.log", *words, PORT=str(port), **more) as it:
        live = Live(it.process, it.log_file, port)
        wait_until_answering(live)
        yield live


@contextmanager
def celery(folder: Path, *words: str, name: str = "", **more: str) -> Iterator[Running]:
    """A Celery `worker` or `beat` of its own."""
    command = ("-m", "celery", "-A", "config.celery", *words)
    with running(folder / f"{name or words[0]}.log", *command, **more) as it:
        yield it


def wait_until_answering(live: Live) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        assert live.process.poll() is None, live.log
        try:
            urllib.request.urlopen(f"{live.url}/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"it did not answer within {PATIENCE} s:\n{live.log}")


def eventually(holds: Callable[[], object], seconds: float = LONGEST) -> None:
    """Wait until it is true; an error if that takes longer. Give `seconds` only where they are what is promised."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def environment(**more: str) -> dict[str, str]:
    """The test's own environment on the test's database, and `more`."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return inherited | {"DATABASE_URL": database_url(), "PYTHONUNBUFFERED": "1"} | more


def database_url() -> str:
    """The address of the database that the test itself is connected to."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    secret = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    return f"postgresql://{given['USER']}{secret}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def own_redis() -> str:
    """A database of the suite's Redis that no other test process uses, empty. Only where the suite has a Redis."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    number = FIRST_REDIS_DATABASE + int(worker)
    url = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
