"""Several web processes at one address: each listens by itself (SO_REUSEPORT), the kernel deals out the connections.

They share nothing: Redis wakes the clients that are parked in each, and the rows are the truth for all.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.1
REST_SECONDS = 1.0  # before a process that ended by itself is started again


def serve(host: str, port: int, count: int) -> int:
    """Keep `count` processes serving until SIGTERM or SIGINT; 0 if all of them ended as they should."""
    with bound(host, port), tempfile.TemporaryDirectory(prefix="countersign-metrics-") as folder:
        family = Family(["--host", host, "--port", str(port)], folder, count)
        signal.signal(signal.SIGTERM, family.stop)
        signal.signal(signal.SIGINT, family.stop)
        return family.run()


def bound(host: str, port: int) -> socket.socket:
    """A socket of this address that others of ours may share. OSError if somebody else has it."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(kind, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((host, port))
    return found


class Family:
    """The processes; each is told by a pipe when this one is gone, however it went."""

    def __init__(self, address: list[str], metrics: str, count: int) -> None:
        self._address = address
        self._environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": metrics}
        self._alive, self._life = os.pipe()
        self._children = [self._start() for _ in range(count)]
        self._asked = 0  # the signal that said so

    def stop(self, number: int, frame: object) -> None:
        """Signal handler: everybody stops; the second signal does not wait for anybody, as with one process."""
        self._asked = number
        for child in self._children:
            if child.poll() is None:
                child.send_signal(number)

    def run(self) -> int:
        """Until stopped."""
        while not self._asked:
            time.sleep(LOOK_EVERY_SECONDS)
            for at, child in enumerate(self._children):
                if child.poll() is not None and not self._asked:
                    sys.stderr.write(f"web process {child.pid} ended by itself ({child.returncode}); another follows\n")
                    self._follow(at)
        asked_early = (-signal.SIGTERM, -signal.SIGINT)  # before it had begun to listen
        return max(0 if child.wait() in asked_early else abs(child.returncode) for child in self._children)

    def _follow(self, at: int) -> None:
        """Start another in its place. A signal that comes meanwhile does not reach it: it is passed on from here."""
        time.sleep(REST_SECONDS)
        if not self._asked:
            self._children[at] = self._start()
        if self._asked and self._children[at].poll() is None:
            self._children[at].send_signal(self._asked)

    def _start(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, sys.argv[0], "serve", *self._address, "--one-of-several", str(self._alive)]
        return subprocess.Popen(  # noqa: S603 - our own words
            words, env=self._environment, pass_fds=[self._alive], start_new_session=True
        )


def when_orphaned(alive: int, act: Callable[[], None]) -> None:
    """Call `act`, from a thread, once the process that holds the other end of this pipe has gone."""

    def watch() -> None:
        os.read(alive, 1)
        act()

    threading.Thread(target=watch, daemon=True, name="orphan-watch").start()
