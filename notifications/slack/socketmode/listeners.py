"""One listener for each installation with an app token, in every worker; what changes is noticed within seconds."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from django.db import DatabaseError, connections

from notifications.models import SlackInstallation
from notifications.sealing import Unreadable
from notifications.slack.installing import note_deaf
from notifications.slack.sealing import SEALER
from notifications.slack.socketmode.listener import Listener

log = logging.getLogger(__name__)
LOOK_SECONDS = 2.0

Key = tuple[int, datetime]


class Listeners:
    """A thread that keeps the listeners of this process in step with the rows, from `start` to `stop`."""

    def __init__(self) -> None:
        self._kept: dict[Key, Listener] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="slack-listeners")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Within a few seconds; what was taken is answered before."""
        self._over.set()
        self._thread.join(LOOK_SECONDS)
        for listener in self._kept.values():
            listener.ask_to_stop()
        while self._kept:
            self._kept.popitem()[1].stop()

    def look(self) -> None:
        """Begin with new installations, end with those that are gone or were set up anew."""
        rows = SlackInstallation.objects.exclude(sealed_app_token="").select_related("workspace")
        wanted = {(row.pk, row.secrets_at): row for row in rows}
        for key in self._kept.keys() - wanted.keys():
            self._kept.pop(key).ask_to_stop()
        for key in wanted.keys() - self._kept.keys():
            self._begin(key, wanted[key])

    def _begin(self, key: Key, row: SlackInstallation) -> None:
        try:
            listener = Listener(row, SEALER.unseal(row.sealed_app_token))
        except Unreadable as error:
            note_deaf(row, str(error))
            return
        self._kept[key] = listener
        listener.start()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except DatabaseError as error:
                log.warning("slack listeners wait for the database", extra={"why": str(error)})
            except Exception:  # the thread must outlive it
                log.exception("slack listeners not looked after")
            finally:
                connections.close_all()
            self._over.wait(LOOK_SECONDS)


_running: list[Listeners] = []


def start() -> None:
    """Listen in this process, once."""
    if not _running:
        _running.append(Listeners())
        _running[-1].start()


def stop() -> None:
    """Listen no more."""
    running = [_running.pop() for _ in list(_running)]
    for each in running:
        each.stop()
