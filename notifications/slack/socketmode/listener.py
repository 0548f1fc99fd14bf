"""Keeps one installation connected to Slack: opens the next connection before the one that ends is left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, connections

from intents.errors import DomainError
from notifications.channels.base import Dead
from notifications.models import SlackInstallation
from notifications.slack.faults import FAULTS, app_token_fate
from notifications.slack.installing import note_deaf, note_listening
from notifications.slack.socketmode.connection import Connection, opened
from notifications.slack.socketmode.envelopes import Desk
from notifications.slack.socketmode.pauses import LONGEST, Pauses

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
NOTE_SECONDS = 30.0
PATIENCE_SECONDS = 4.0
OFF = "link_disabled"
SWITCHED_OFF = "Socket Mode is off in the app's settings at api.slack.com/apps: switch it on under “Socket Mode”."


class Listener:
    """A thread, from `start` to `stop`."""

    def __init__(self, installation: SlackInstallation, app_token: str) -> None:
        self._installation, self._token = installation, app_token
        self._desk, self._pauses = Desk(installation), Pauses()
        self._over, self._word = threading.Event(), threading.Event()
        self._connection: Connection | None = None
        self._noted_at = -NOTE_SECONDS
        self._thread = threading.Thread(target=self._run, daemon=True, name="slack-listener")

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Take nothing more."""
        self._over.set()
        self._word.set()

    def stop(self) -> None:
        """What was taken gets up to four seconds to be answered."""
        self.ask_to_stop()
        self._thread.join(PATIENCE_SECONDS)

    def _run(self) -> None:
        while not self._over.is_set():
            pause = LONGEST
            try:
                pause = self._listen()
            except Exception:  # the thread must outlive it
                log.exception("a slack listener failed")
            self._over.wait(pause)
        if self._connection is not None:
            self._connection.finish()

    def _listen(self) -> float:
        """Connect, and stay until that connection is to be left. How long to wait before the next one."""
        try:
            fresh = opened(self._token, self._desk.take, self._word.set)
        except FAULTS as error:
            return self._failed(error)
        self._leave()
        self._connection, began = fresh, time.monotonic()
        while fresh.is_good and not self._over.is_set():
            self._note(fresh)
            self._word.wait(LOOK_SECONDS)
            self._word.clear()
        if fresh.farewell == OFF:
            self._note_deaf(SWITCHED_OFF)
            return LONGEST
        return self._pauses.after(time.monotonic() - began)

    def _leave(self) -> None:
        """The connection before this one answers what it has taken."""
        if self._connection is not None:
            threading.Thread(target=self._connection.finish, daemon=True, name="slack-leaves").start()

    def _failed(self, error: Exception) -> float:
        fate = app_token_fate(error)
        if isinstance(fate, Dead):
            self._note_deaf(fate.why)
            return LONGEST
        log.warning("slack connection not opened", extra={"why": fate.why})
        return max(self._pauses.after(0), fate.after_seconds)

    def _note(self, connection: Connection) -> None:
        """Now and then, so that everybody can see that somebody listens."""
        if connection.greeted and time.monotonic() - self._noted_at >= NOTE_SECONDS:
            self._noted_at = time.monotonic()
            self._write(lambda: note_listening(self._installation))

    def _note_deaf(self, why: str) -> None:
        log.warning("slack cannot be listened to", extra={"why": why})
        self._write(lambda: note_deaf(self._installation, why))

    def _write(self, note: Callable[[], None]) -> None:
        """This thread keeps no connection, and listens on without a database."""
        try:
            note()
        except (DatabaseError, DomainError) as error:
            log.warning("not noted whether slack is listened to", extra={"why": str(error)})
        finally:
            connections.close_all()
