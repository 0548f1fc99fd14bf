"""The embedded mode's worker and beat: a real Celery in threads of the serving process, over the in-memory broker."""

from __future__ import annotations

import threading
from typing import Any

from config.celery import embedded_beat, embedded_worker

PATIENCE_SECONDS = 4.0


class Embedded:
    """One worker and one beat. They are daemon threads: whatever they still do when the process ends is done again."""

    def __init__(self) -> None:
        self._worker = embedded_worker()
        self._beat: Any = embedded_beat()
        self._beat.daemon = True
        self._thread = threading.Thread(target=self._worker.start, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()
        self._beat.start()

    def stop(self) -> None:
        """No new ticks; those that run get up to four seconds."""
        self._beat.service.stop()
        stopper = threading.Thread(target=self._worker.stop, daemon=True)
        stopper.start()
        stopper.join(PATIENCE_SECONDS)


_running: list[Embedded] = []


def start() -> None:
    """Start them in this process, once."""
    if not _running:
        _running.append(Embedded())
        _running[-1].start()


def stop() -> None:
    """Stop them, if they run."""
    while _running:
        _running.pop().stop()


def is_running() -> bool:
    """True from `start` to `stop`."""
    return bool(_running)
