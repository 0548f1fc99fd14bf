"""What people, agents and the clock do in tests, one line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import time_machine

from approvals.models import ApprovalSettings, Gate, Person, Seat
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.verdict import Verdict
from intents import clock
from intents.models import Event, EventText, Intent, Step
from intents.principal import Principal
from intents.selectors import events_after
from intents.services.handout import hand_out
from intents.services.resume import resume
from intents.sweeps import wake_due
from tests.factories import make_key, make_person, make_team, make_workspace
from tests.guards import unguarded

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def say(gate: Gate, person: Person, outcome: str = "approved", **fields: Any) -> Verdict:
    """This person answers in the web inbox."""
    return decide(gate.pk, Answer(outcome, **fields), person, via="web", strength="signed_in")


def take_work(world: SimpleNamespace) -> dict[str, Any]:
    """The world's agent takes its oldest free work; the frame."""
    frame = hand_out(world.agent)
    assert frame is not None, "there is no free work"
    return frame


def finish_work(world: SimpleNamespace, intent: Intent, **result: Any) -> dict[str, Any]:
    """The world's agent answers for the first of its steps that has not ended."""
    own = intent.steps.filter(kind="agent", agent_address=world.agent.address)
    step = own.filter(ended_at=None).first() or own.last()
    return resume(intent, step, world.worker, result)


def gate_of(intent: Intent) -> Gate:
    """The intent's open gate."""
    return Gate.objects.select_related("ask", "terms", "intent", "step").get(intent=intent, closed_at=None)


def current_step(intent: Intent) -> Step:
    """The step that is happening now."""
    return intent.steps.get(status__in=("ready", "current"))


def fresh(intent: Intent) -> Intent:
    """The intent as it stands now."""
    return Intent.objects.select_related("texts").get(pk=intent.pk)


def history(intent: Intent) -> list[str]:
    """The types of its events in order, without `intent.`."""
    types = Event.objects.filter(intent=intent).order_by("seq").values_list("event_type", flat=True)
    return [name.removeprefix("intent.") for name in types]


def details(intent: Intent, event_type: str) -> dict[str, Any]:
    """What the last event of this type says."""
    found = [event for event in events_after(intent.pk, 0) if event["event_type"] == f"intent.{event_type}"]
    return dict(found[-1]["details"])


def ending(intent: Intent) -> dict[str, Any]:
    """What the terminal event says."""
    return dict(events_after(intent.pk, 0)[-1]["details"])


def everybody_told(gate: Gate) -> None:
    """Each seat of the gate got its first message at once."""
    Seat.objects.filter(gate=gate).update(told_at=gate.opened_at)


@contextmanager
def frozen_clock() -> Iterator[time_machine.Traveller]:
    """Time stands still at START until a test moves it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def all_asked() -> None:
    """Whoever the chain tells now has the message: the clocks of the current steps start."""
    Seat.objects.filter(gate__closed_at=None, asked_at=None).update(asked_at=clock.now())


def fast_forward(traveller: time_machine.Traveller, seconds: float, *, asked: bool = True) -> None:
    """Let time pass as it does when the sweep runs: whatever becomes due on the way happens at its moment.

    Messages are sent at once, unless `asked` is False.
    """
    end = clock.now() + timedelta(seconds=seconds)
    if asked:
        all_asked()
    while (moment := _next_due(end)) is not None:
        traveller.move_to(max(moment, clock.now()))
        wake_due()
        if asked:
            all_asked()
    traveller.move_to(end)


def outage(traveller: time_machine.Traveller, seconds: float) -> None:
    """Let time pass with nobody there, then sweep once. What was to be sent before had been sent."""
    all_asked()
    traveller.shift(seconds)
    wake_due()


def forge(event: Event, **fields: Any) -> None:
    """Change a row of the history behind everybody's back, as whoever owns the database can."""
    text = fields.pop("text", None)
    with unguarded():
        if text is not None:
            EventText.objects.filter(event=event).update(body=text)
        if fields:
            Event.objects.filter(pk=event.pk).update(**fields)


def _next_due(end: datetime) -> datetime | None:
    due = Intent.objects.filter(wake_at__lte=end).order_by("wake_at")
    return due.values_list("wake_at", flat=True).first()


def neighbours() -> SimpleNamespace:
    """other/production: a workspace beside the world's, with Zoe in its team sre and a sender of its own."""
    workspace = make_workspace("other", "production")
    zoe = make_person(workspace, "zoe@other.example")
    make_team(workspace, "sre", zoe)
    ApprovalSettings.objects.create(workspace=workspace, default_approvers=["team:sre"])
    key, secret = make_key(workspace)
    return SimpleNamespace(
        workspace=workspace, zoe=zoe, principal=Principal(workspace.pk, key=key), sender_secret=secret
    )


def bundle(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A scenario of these steps with the world's agent in the role `validator`; `fields` go into its intent."""
    intent = {"type": "intent.infra.change.v1", "payload": {"target": "prod-postgres-main"}, **fields}
    agents = [{"role": "validator", "address": "infra-validator"}]
    return {"scenario_id": "story.v1", "agents": agents, "workflow": {"steps": list(steps)}, "intent": intent}


def agent_task(step_id: str, **fields: Any) -> dict[str, Any]:
    """A scenario's step for the agent `validator`."""
    return {"step_id": step_id, "tool_id": "tool.agent.task.v1", "assigned_to": "validator", **fields}


def signoff(step_id: str = "signoff", **fields: Any) -> dict[str, Any]:
    """A scenario's human step."""
    return {"step_id": step_id, "tool_id": "tool.approval.human_signoff", **fields}
