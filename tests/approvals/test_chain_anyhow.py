"""Random chains under random acts, outages and dead mailboxes, over the real services: what must hold anyhow."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.chains.body import MOST_REMINDERS
from approvals.models import Gate
from approvals.services.claim import claim
from approvals.services.escalate import escalate
from approvals.services.told import mark_unreachable
from intents import clock
from intents.models import Event, Intent
from intents.services.record import details_of
from notifications import keptmail
from tests.acts import fresh, frozen_clock, outage, say
from tests.approvals.living import DAY, HOUR, live
from tests.factories import gate_rule, make_policy, make_team, open_gate

WHO: list[list[str]] = [[], ["team:sre"], ["person:ana@acme.example"], ["person:bo@acme.example"], ["team:empty"]]
OFFICE = {"zone": "Europe/Berlin", "days": ["mon", "tue", "thu"], "from": "09:00", "to": "17:00"}


def random_chain(chance: random.Random) -> dict[str, Any]:
    def step(first: bool) -> dict[str, Any]:
        remind = {"after": chance.randint(60, 3000), "every": chance.randint(60, 3000), "most": chance.randint(1, 20)}
        after = chance.choice([0, 0, 900]) if first else chance.randint(60, 9000)
        return {"after": after, "who": chance.choice(WHO)} | ({"remind": remind} if chance.random() < 0.7 else {})

    steps = [step(number == 0) for number in range(chance.randint(1, 5))]
    last_resort = chance.choice([[], ["person:cy@acme.example"]])
    more = {"hours": OFFICE} if chance.random() < 0.3 else {}
    return {"steps": steps, "repeat": chance.randint(0, 2), "last_resort": last_resort, **more}


def anything(world: SimpleNamespace, gate: Gate, traveller: Any, chance: random.Random) -> None:
    person = chance.choice([world.ana, world.bo, world.cy])
    match chance.randint(0, 7):
        case 0:
            outage(traveller, chance.randint(60, 8 * HOUR))
        case 1:
            claim(gate.pk, person, via="web")
        case 2:
            escalate(gate.pk, person, via="web")
        case 3:
            mark_unreachable(gate.pk, person.pk, "the mailbox is gone")
        case 4:
            say(gate, person)
        case _:
            live(traveller, chance.randint(60, 3 * HOUR))
    assert not Intent.objects.filter(wake_at__lte=clock.now()).exists()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_step_comes_once_reminders_are_few_and_the_gate_ends_once(
    world: SimpleNamespace, settings: Any, seed: int
) -> None:
    chance = random.Random(seed)
    settings.EMAIL_BACKEND = keptmail.PATH
    make_team(world.workspace, "empty")
    rule = gate_rule("team:sre", place="before", need=3, chain=random_chain(chance), deadline=2 * DAY, warn_before=HOUR)
    make_policy(world.workspace, gates=[rule])
    with frozen_clock() as traveller:
        gate = open_gate(world)
        for _ in range(12):
            anything(world, gate, traveller, chance)
        live(traveller, 3 * DAY)

    events = [(event, details_of(event)) for event in Event.objects.filter(intent=gate.intent).order_by("seq")]
    kinds = Counter(event.event_type.removeprefix("intent.") for event, _ in events)
    assert kinds["gate_closed"] == 1
    assert fresh(gate.intent).wake_at is None
    assert kinds["reminder"] <= MOST_REMINDERS
    assert kinds["gate_warning"] <= 1
    escalated = [said for event, said in events if event.event_type == "intent.escalated"]
    begun = [(said["round"], said["step"]) for said in escalated]
    skipped = [(row["round"], row["step"]) for said in escalated for row in said["skipped"]]
    assert begun == sorted(begun)
    assert len(begun) - len(set(begun)) <= 1, "only the last resort, told once, comes within a step"
    assert not set(begun) & set(skipped)
    moments = [event.at for event, _ in events if event.event_type == "intent.reminder"]
    assert all((later - earlier).total_seconds() >= 60 for earlier, later in pairwise(moments))
