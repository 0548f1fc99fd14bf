"""One process of a race. Each line on stdin is a command in JSON, each line on stdout what came of it.

python -m tests.races.player
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import time_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up first
from rest_framework.test import APIClient  # noqa: E402

from approvals.models import Person  # noqa: E402
from approvals.services.answer import Answer  # noqa: E402
from approvals.services.ask import ask  # noqa: E402
from approvals.services.break_glass import break_glass  # noqa: E402
from approvals.services.claim import claim  # noqa: E402
from approvals.services.decide import Manner, decide  # noqa: E402
from approvals.services.delegate import delegate  # noqa: E402
from approvals.services.extend import extend  # noqa: E402
from intents import clock, sweeps, tasks  # noqa: E402
from intents.errors import DomainError  # noqa: E402
from intents.kinds.agent import give_result  # noqa: E402
from intents.models import Agent, Step  # noqa: E402
from intents.services.handout import hand_out  # noqa: E402
from intents.services.lock import locked_intent  # noqa: E402
from notifications.announce import announce_due  # noqa: E402


def play_decide(gate: str, person: str, outcome: str, after: float = 0.0) -> str:
    """One person's answer: the verdict's code."""
    time.sleep(after)
    who = Person.objects.get(pk=person)
    return decide(uuid.UUID(gate), Answer(outcome), who, via="web", strength="signed_in").code


ACTS = {
    "ask": lambda gate, who, _: ask(gate, who, "Why?", via="web"),
    "claim": lambda gate, who, _: claim(gate, who, via="web"),
    "delegate": lambda gate, who, words: delegate(gate, who, words["to"], via="web"),
    "extend": lambda gate, who, words: extend(gate, who, words.get("seconds", 1800), "more time", via="web"),
    "break_glass": lambda gate, who, _: break_glass(gate, who, "an emergency", Manner("web", "signed_in", True)),
}


def play_act(name: str, gate: str, person: str, after: float = 0.0, **words: Any) -> str:
    """Another act of a person on an open gate: the verdict's code."""
    time.sleep(after)
    who = Person.objects.get(pk=person)
    return ACTS[name](uuid.UUID(gate), who, words).code


def play_sweep(seconds: float = 0.0) -> int:
    """The clock's tick, again and again for so long, at least once. How many rows were due."""
    until, due = time.monotonic() + seconds, sweeps.wake_due()
    while time.monotonic() < until:
        due += sweeps.wake_due()
    return due


def play_announce(limit: int) -> list[int]:
    """Tell of whatever is due until nothing is: how often it looked, and how many tries failed."""
    looks, failed = 1, Failures(logging.ERROR)
    logging.getLogger("notifications.announce").addHandler(failed)
    while announce_due(limit):
        looks += 1
    return [looks, len(failed.records)]


class Failures(logging.Handler):
    """What was logged as an error."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


def play_tick_by_a_wrong_clock(seconds: float) -> None:
    """A tick of a worker whose clock is ahead by so many seconds."""
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds)):
        tasks.wake()
    clock.measure()


def play_hand_out(agent: str, times: int) -> list[str]:
    """A listener that takes what it gets, so many times: the handles."""
    frames = [hand_out(Agent.objects.get(pk=agent)) for _ in range(times)]
    return [frame["intent_id"] for frame in frames if frame]


def play_result(step: str, word: str) -> bool:
    """An agent's result for its step: whether it was applied."""
    row = Step.objects.select_related("intent").get(pk=step)
    return bool(give_result(row, row.agent_address, {"word": word})["applied"])


def play_hold(intent: str, seconds: float) -> None:
    """Keep the intent's row to itself for a while."""
    with locked_intent(uuid.UUID(intent)):
        time.sleep(seconds)


def play_post(path: str, body: dict[str, Any], headers: dict[str, str]) -> list[Any]:
    """One request over the wire: the status and the body of the answer."""
    answer = APIClient(SERVER_NAME="127.0.0.1").post(path, body, format="json", **headers)
    return [answer.status_code, answer.json()]


def play_posts(requests: list[dict[str, Any]]) -> list[int]:
    """One request after the other; their statuses."""
    return [play_post(**request)[0] for request in requests]


def play_follow_inbox(secret: str, until: int) -> list[str]:
    """Read an inbox as it grows until so many threads are done: the ids of the entries, as they came."""
    settings.REQUESTS_PER_MINUTE = 0  # it asks more often than a program may
    client, seen, done, cursor = APIClient(SERVER_NAME="127.0.0.1", HTTP_X_API_KEY=secret), [], 0, ""
    give_up = time.monotonic() + 60
    while done < until and time.monotonic() < give_up:
        page = client.get(f"/v1/inbox/changes?limit=7&cursor={cursor}").json()
        entries = [entry for row in page["changes"] for entry in row["thread"]["timeline"]]
        seen += [entry["event_id"] for entry in entries]
        done += sum(entry["event_type"] == "inbox.ended" for entry in entries)
        cursor = page["next_cursor"] or ""
    return seen


PLAYS = {name.removeprefix("play_"): play for name, play in list(globals().items()) if name.startswith("play_")}


def main() -> None:
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, words = json.loads(line)
        try:
            said = PLAYS[name](**words)
        except DomainError as refusal:
            said = f"refused: {refusal.code}"
        except Exception as error:  # noqa: BLE001 - the race must see it, whatever it is
            said = f"broken: {type(error).__name__}: {error}"
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
