"""The embedded mode's worker and beat: a real Celery in threads of the serving process, over the in-memory broker.
Slack is listened to beside them, as in every worker.
"""

from __future__ import annotations

import threading
from typing import Any

from config.celery import embedded_beat, embedded_worker
from notifications.slack.socketmode import listeners

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
        listeners.start()

    def stop(self) -> None:
        """No new ticks; those that run get up to four seconds."""
        self._beat.service.stop()
        stoppers = [threading.Thread(target=stop, daemon=True) for stop in (self._worker.stop, listeners.stop)]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
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
