"""A real server process on the suite's database, for tests that must see one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
PATIENCE = 30.0


@dataclass
class Live:
    """`process` answers at `url`; `log` is what it has printed."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM, seconds: float = 15.0) -> int:
        """Its exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Live]:
    """`manage.py serve` with these options, up and answering, on a free port."""
    port, log_file = free_port(), folder / "serve.log"
    words = [sys.executable, "manage.py", "serve", "--port", str(port), *options]
    variables = os.environ | {"DATABASE_URL": database_url(), "PORT": str(port), "PYTHONUNBUFFERED": "1"} | environment
    with log_file.open("wb") as log:
        process = subprocess.Popen(words, cwd=ROOT, env=variables, stdout=log, stderr=log)
    live = Live(process, port, log_file)
    try:
        wait_until_answering(live)
        yield live
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


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


def database_url() -> str:
    """The address of the database that the test itself is connected to."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    secret = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    return f"postgresql://{given['USER']}{secret}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
