"""A dry run and what then really happens are the same, line by line."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def gates() -> st.SearchStrategy[dict[str, Any]]:
    line = st.builds(lambda who, need: {"who": who, "need": need}, st.just(["team:sre"]), st.integers(1, 3))
    remind = st.builds(
        lambda after, interval, most: {"after": after, "interval": interval, "max": most},
        *(st.integers(60, 1200), st.integers(60, 900), st.integers(1, 4)),
    )
    return st.builds(
        lambda lines, deadline, on_timeout, rejections, chain: gate_rule(
            lines=lines, place="before", deadline=deadline, on_timeout=on_timeout, rejections=rejections, **chain
        ),
        st.lists(line, min_size=1, max_size=1),
        st.integers(900, 7200),
        st.sampled_from(["expire", "approve", "cancel", "rejected"]),
        st.integers(1, 2),
        st.one_of(
            st.just({}),
            st.builds(lambda remind: {"remind": remind}, remind),
            st.builds(lambda remind, who: {"remind": remind, "escalate_to": [who]}, remind, st.sampled_from(WHO)),
        ),
    )


ACTS = st.lists(
    st.builds(
        Act,
        st.integers(0, 7300).map(lambda seconds: timedelta(seconds=seconds)),
        st.sampled_from([*PEOPLE, "stranger@acme.example"]),
        st.sampled_from(["approve", "reject", "take_back"]),
        st.just("because"),
    ),
    max_size=5,
    unique_by=lambda act: act.after,
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(gates(), min_size=1, max_size=2), acts=ACTS)
def test_dry_run_equals_reality_when_policies_and_acts_are_random(world, settings, rules, acts):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    settings.MESSAGES_PER_HOUR = 10_000  # all examples are sent in the same hour
    number = Intent.objects.count()
    make_policy(world.workspace, f"example-{number}", types=(f"intent.example-{number}.v1",), gates=rules)
    trial = script(intent_type=f"intent.example-{number}.v1", acts=tuple(acts), at=START, sender="sender")

    with frozen_clock() as traveller:
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


def _tick() -> None:
    wake_due()
    announce_due()
    deliver_due()


def _next(intent: Intent, trial: Script, acts: list[Act]) -> datetime | None:
    intent.refresh_from_db()
    queued = Delivery.objects.filter(intent=intent, status=DeliveryStatus.QUEUED).values_list("not_before", flat=True)
    moments = [*queued, *([intent.wake_at] if intent.wake_at else [])]
    if intent.wake_at:
        moments += [trial.at + act.after for act in acts[:1]]
    return min(moments, default=None)


def _act(intent: Intent, act: Act) -> list[Line]:
    try:
        verdict = perform(intent, act)
    except DomainError as error:
        return lines_of_acts(act, clock.now(), error.message, was_taken=False)
    return lines_of_acts(act, clock.now(), verdict.message, was_taken=verdict.status == 200)
