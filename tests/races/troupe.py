"""Several processes that act at the same instant, and what the history must look like after any race."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from approvals.models import Gate
from intents.lifecycle import FINAL
from intents.models import Event, Intent
from intents.services.verify import chain_fits
from tests.live import ROOT, environment

PLAYERS = "players"  # how PostgreSQL knows their connections: an outage made by a test spares them
PATIENCE = 90.0  # seconds for a process to end
Command = tuple[str, dict[str, Any]]


class Troupe:
    """`at_once` gives each process its command and returns what each of them said."""

    def __init__(self, size: int) -> None:
        words = [sys.executable, "-m", "tests.races.player"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        named = environment() | {"PGAPPNAME": PLAYERS}
        self._players = [subprocess.Popen(words, cwd=ROOT, env=named, **pipes) for _ in range(size)]  # type: ignore[call-overload]
        for player in self._players:
            assert self._hear(player) == "ready"

    def at_once(self, *commands: Command) -> list[Any]:
        """Each process does one of the commands, all at the same time."""
        players = self._players[: len(commands)]
        for player, command in zip(players, commands, strict=True):
            player.stdin.write(json.dumps(command) + "\n")
        for player in players:
            player.stdin.flush()
        return [self._hear(player) for player in players]

    def close(self) -> None:
        """They end when nobody tells them anything any more."""
        for player in self._players:
            player.communicate(timeout=PATIENCE)

    def _hear(self, player: subprocess.Popen[str]) -> Any:
        assert player.stdout is not None
        return json.loads(player.stdout.readline())


def types_of(intent: Intent) -> list[str]:
    """The types of its events, in order."""
    return list(Event.objects.filter(intent=intent).order_by("seq").values_list("event_type", flat=True))


def assert_sound(intent: Intent) -> None:
    """Whatever raced: the chain fits, nothing follows the one terminal event, and the rows say what it says."""
    intent.refresh_from_db()
    events = list(Event.objects.filter(intent=intent).order_by("seq"))
    ends = [event.seq for event in events if event.status in FINAL]
    gates = list(Gate.objects.filter(intent=intent))
    closings = [event for event in events if event.event_type == "intent.gate_closed"]

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert chain_fits(intent)
    assert ends == ([len(events)] if intent.status in FINAL else [])
    assert events[-1].status == intent.status
    assert (intent.wake_at is None) == (intent.status in FINAL)
    assert len(closings) == sum(not gate.is_open for gate in gates)
    assert sum(gate.is_open for gate in gates) <= (intent.status not in FINAL)
