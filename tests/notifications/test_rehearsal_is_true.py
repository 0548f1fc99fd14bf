"""A dry run and what then really happens are the same, line by line."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from approvals.models import Absence, Delegation
from approvals.services.absences import start_absence
from approvals.sweeps import settle_absences
from intents import clock
from intents.errors import DomainError
from intents.models import Intent
from intents.services.durable import durable
from intents.services.submit import submit
from intents.sweeps import wake_due
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus
from notifications.rehearsal.acting import perform
from notifications.rehearsal.script import Act, Script
from notifications.rehearsal.stage import rehearse
from notifications.rehearsal.timeline import Line, lines_of_acts, played
from tests.acts import START, frozen_clock
from tests.factories import gate_rule, make_policy
from tests.notifications.test_rehearsal import script

PEOPLE = ("ana@acme.example", "bo@acme.example", "cy@acme.example")
WHO = ("team:sre", *(f"person:{email}" for email in PEOPLE))


SECONDS = st.integers(60, 1500)


def reminders() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"after": SECONDS, "every": SECONDS, "most": st.integers(1, 3)})


def chains() -> st.SearchStrategy[dict[str, Any]]:
    """One to three steps, again perhaps, with office hours perhaps: START is a Monday noon."""
    step = {"after": SECONDS, "who": st.lists(st.sampled_from(WHO), max_size=2, unique=True)}
    steps = st.lists(st.fixed_dictionaries(step, optional={"remind": reminders()}), min_size=1, max_size=3)
    office = {"zone": "UTC", "days": ["mon"], "from": "09:00", "to": "12:40"}
    more = {"repeat": st.integers(0, 2), "last_resort": st.just(["team:sre"]), "hours": st.just(office)}
    return st.fixed_dictionaries({"steps": steps}, optional=more)


def gates() -> st.SearchStrategy[dict[str, Any]]:
    telling = st.one_of(
        st.just({}),
        st.builds(lambda chain: {"chain": chain}, chains()),
        st.builds(
            lambda remind, who: {
                "remind": {"after": remind["after"], "interval": remind["every"], "max": remind["most"]},
                "escalate_to": [who],
            },
            *(reminders(), st.sampled_from(WHO)),
        ),
    )
    rule = {
        "need": st.integers(1, 3),
        "deadline": st.integers(900, 7200),
        "on_timeout": st.sampled_from(["expire", "approve", "cancel", "rejected"]),
        "rejections": st.integers(1, 2),
    }
    more = {"warn_before": st.integers(60, 800), "extend": st.just({"who": ["team:sre"], "most": 1800})}
    return st.builds(
        lambda fixed, telling: gate_rule("team:sre", place="before", **fixed, **telling),
        *(st.fixed_dictionaries(rule, optional=more), telling),
    )


QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # what fails is shown as it is: making it smaller takes minutes
DEEDS = (
    "approve",
    "approve",
    "reject",
    "take_back",
    "claim",
    "release",
    "escalate",
    "delegate",
    "undelegate",
    "extend",
)
COMMENTS = {"delegate": "bo@acme.example", "extend": "10m more time"}
ACTS = st.lists(
    st.builds(
        lambda after, who, does: Act(timedelta(seconds=after), who, does, COMMENTS.get(does, "because")),
        *(st.integers(0, 7300), st.sampled_from([*PEOPLE, "stranger@acme.example"]), st.sampled_from(DEEDS)),
    ),
    max_size=5,
    unique_by=lambda act: act.after,
)


@pytest.fixture
def _mail_is_kept(settings: Any) -> None:
    """And nobody is flooded: all examples are sent in the same hour."""
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    settings.MESSAGES_PER_HOUR = 10_000


@pytest.mark.slow
@pytest.mark.usefixtures("_mail_is_kept")
@settings(max_examples=10, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(gates(), min_size=1, max_size=2), acts=ACTS, away=st.none() | st.integers(0, 5000))
def test_dry_run_equals_reality_when_policies_acts_and_absences_are_random(world, rules, acts, away):
    Delegation.objects.all().delete()
    Absence.objects.all().delete()
    number = Intent.objects.count()
    make_policy(world.workspace, f"example-{number}", types=(f"intent.example-{number}.v1",), gates=rules)
    trial = script(intent_type=f"intent.example-{number}.v1", acts=tuple(acts), at=START, sender="sender")

    with frozen_clock() as traveller:
        if away is not None:
            _go_away(world, START + timedelta(seconds=away))
        foreseen = rehearse(world.workspace, trial)
        happened = really(world, trial, traveller)

    assert list(map(str, foreseen.lines)) == list(map(str, happened.lines))
    assert foreseen == happened


def really(world: SimpleNamespace, trial: Script, traveller: time_machine.Traveller) -> Any:
    """Send it, and let the ticks of each moment run: sweep, announce, deliver; people act after the sweep."""
    with durable():
        intent = submit(world.principal, trial.submission)
    _tick()
    acts, refused = sorted(trial.acts, key=lambda act: act.after), []
    while (moment := _next(intent, trial, acts)) is not None:
        traveller.move_to(max(moment, clock.now()))
        _tick()
        while acts and trial.at + acts[0].after <= clock.now():
            refused += _act(intent, acts.pop(0))
            _tick()
    return played(Intent.objects.get(pk=intent.pk), trial.at, refused, is_whole=True)


def _go_away(world: SimpleNamespace, at: datetime) -> None:
    """Cy, for an hour and a half, with Bo in his place."""
    start_absence(world.workspace, world.cy, at, at + timedelta(minutes=90), world.bo, actor="server")


def _tick() -> None:
    wake_due()
    settle_absences()
    announce_due()
    announce_due()
    deliver_due()


def _next(intent: Intent, trial: Script, acts: list[Act]) -> datetime | None:
    intent.refresh_from_db()
    queued = Delivery.objects.filter(intent=intent, status=DeliveryStatus.QUEUED).values_list("not_before", flat=True)
    moments = [*queued, *([intent.wake_at] if intent.wake_at else [])]
    if intent.wake_at:
        moments += [trial.at + act.after for act in acts[:1]]
        turns = [moment for row in Absence.objects.all() for moment in (row.starts_at, row.ends_at)]
        moments += [moment for moment in turns if moment > clock.now()]
    return min(moments, default=None)


def _act(intent: Intent, act: Act) -> list[Line]:
    try:
        verdict = perform(intent, act)
    except DomainError as error:
        return lines_of_acts(act, clock.now(), error.message, was_taken=False)
    return lines_of_acts(act, clock.now(), verdict.message, was_taken=verdict.status == 200)
