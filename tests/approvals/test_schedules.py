"""Saving schedules and overrides, and what `schedule:name` stands for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from approvals.directory import canonical_name, deciders_named, label, people_named
from approvals.models import Override, Schedule, ScheduleVersion
from approvals.reach import deciders_ever, deciders_within, most_at_once
from approvals.rules import RuleRefused
from approvals.schedulerules import ScheduleRefused, check_body
from approvals.services.schedules import add_overrides, save_schedule
from intents.errors import Invalid
from tests.approvals.rotas import body, layer, make_override, make_schedule
from tests.changes import changes, newest
from tests.factories import gate_rule, make_person, make_policy, open_gate

NOON = datetime(2099, 3, 2, 12, 0, tzinfo=UTC)
START = "2099-03-02"
pytestmark = pytest.mark.django_db

FAULTS = [
    ([], "A schedule is an object"),
    ({"zone": "Europe/Atlantis", "layers": [layer("a")]}, "zone must be a time zone"),
    ({"zone": "UTC", "layers": []}, "layers must list 1 to 10"),
    (body(layer("a")) | {"layer": []}, "unknown key 'layer'"),
    (body(layer()), "layers[0].people must list 1 to 100"),
    (body(layer("a", rotation="hourly")), "rotation must be one of daily, weekly, custom"),
    (body(layer("a", handover="9:00")), "handover must be a time of day such as 09:00"),
    (body(layer("a", handover="24:00")), "handover must be a time of day"),
    (body(layer("a", start="02.03.2026")), "start must be a day such as 2026-11-02"),
    (body(layer("a", start=None)), "start must be the day on which the first turn begins"),
    (body(layer("a", until="2026-03-02")), "until must be later than start"),
    (body(layer("a", rotation="weekly", weekday="tue")), "start 2026-03-02 is a Monday, but turns begin on tue"),
    (body(layer("a", rotation="custom")), "every must say how many hours"),
    (body(layer("a", every=12)), "every belongs to the rotation custom only"),
    (body(layer("a", restrict=[{"from": "09:00", "to": "9"}])), "from and to must be times of day"),
    (body(layer("a", restrict=[{"from": "09:00", "to": "09:00"}])), "from and to are the same"),
    (
        body(layer("a", restrict=[{"from": "09:00", "to": "10:00", "days": ["monday"]}])),
        "days must list days among mon",
    ),
]


@pytest.mark.parametrize(("wrong", "words"), FAULTS)
def test_a_schedule_is_refused_in_words_when_it_has_a_fault(wrong, words):
    with pytest.raises(ScheduleRefused) as refusal:
        check_body(wrong)

    assert words in str(refusal.value)


def test_a_schedule_is_refused_when_somebody_in_it_may_not_decide(world):
    make_person(world.workspace, "dee@acme.example", can_decide=False)

    for stranger in ("dee@acme.example", "nobody@acme.example", "team:sre"):
        with pytest.raises(ScheduleRefused, match=f"{stranger} is nobody who may decide"):
            make_schedule(world, layer(world.ana, stranger))

    assert not Schedule.objects.exists()


def test_every_save_is_a_version_and_is_recorded_with_its_author(world):
    make_schedule(world, layer("ana@acme.example"))
    save_schedule(world.workspace, "primary", body(layer(world.bo)), author=world.cy)

    versions = ScheduleVersion.objects.order_by("number")
    assert [row.body["layers"][0]["people"] for row in versions] == [[world.ana.actor], [world.bo.actor]]
    assert changes(world.workspace, "schedule") == ["schedule.created", "schedule.changed"]
    change, actor, before, after = newest(world.workspace)
    assert (change, actor) == ("schedule.changed", world.cy.actor)
    assert (before["version"], after["version"]) == (1, 2)


def test_a_schedule_stands_for_whoever_is_on_call_at_that_moment(world):
    make_schedule(world, layer(world.ana, world.bo, start=START))

    assert deciders_named(world.workspace, ["schedule:primary"], NOON) == [world.ana]
    assert people_named(world.workspace, ["schedule:primary"], NOON + timedelta(days=1)) == [world.bo]
    assert people_named(world.workspace, ["schedule:primary"], NOON - timedelta(days=1)) == []
    assert people_named(world.workspace, ["schedule:other"], NOON) == []
    assert canonical_name(world.workspace, "schedule:primary") == "schedule:primary"
    assert canonical_name(world.workspace, "schedule:other") == ""
    assert label(["team:sre", "schedule:primary"]) == "sre, primary (on call)"


def test_an_override_wins_and_is_recorded_when_it_is_made(world):
    schedule = make_schedule(world, layer(world.ana, start=START))

    with time_machine.travel(NOON):
        add_overrides(schedule, [(world.bo, NOON, NOON + timedelta(hours=1))], author=world.cy)

        assert deciders_named(world.workspace, ["schedule:primary"]) == [world.bo]
        assert deciders_named(world.workspace, ["schedule:primary"], NOON + timedelta(hours=1)) == [world.ana]
    assert changes(world.workspace, "override") == ["override.created"]


def test_overrides_are_refused_as_a_whole_when_one_has_a_fault(world):
    schedule = make_schedule(world, layer(world.ana, start=START))
    dee = make_person(world.workspace, "dee@acme.example", can_decide=False)
    hour = timedelta(hours=1)
    fine = (world.bo, NOON, NOON + hour)

    for wrong, words in (
        ((world.bo, NOON, NOON), "ends after it starts"),
        ((world.bo, NOON, NOON + timedelta(days=400)), "at most 366 days"),
        ((world.bo, datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC)), "ended already"),
        ((dee, NOON, NOON + hour), "may not decide"),
    ):
        with pytest.raises(ScheduleRefused, match=words):
            add_overrides(schedule, [fine, wrong], author=None)

    assert not Override.objects.exists()


def test_a_schedule_counts_as_one_person_when_a_policy_is_saved(world):
    make_schedule(world, layer(world.ana, world.bo))

    assert most_at_once(world.workspace, ["schedule:primary"]) == 1
    assert most_at_once(world.workspace, ["schedule:primary", "person:cy@acme.example"]) == 2
    assert deciders_ever(world.workspace, ["schedule:primary"]) == [world.ana, world.bo]
    make_policy(world.workspace, gates=[gate_rule("schedule:primary", escalate_to=["person:bo@acme.example"])])
    with pytest.raises(RuleRefused, match="2 of schedule:primary cannot agree: only 1 may decide"):
        make_policy(world.workspace, gates=[gate_rule("schedule:primary", need=2)])


def test_an_intent_is_accepted_in_a_hole_when_somebody_is_on_call_before_the_deadline(world):
    office = [{"from": "13:00", "to": "14:00"}]
    make_schedule(world, layer(world.ana, start=START, restrict=office))
    make_policy(world.workspace, gates=[gate_rule("schedule:primary", place="before")])

    with time_machine.travel(NOON + timedelta(minutes=30)):
        assert deciders_within(world.workspace, ["schedule:primary"], 3600) == [world.ana]
        gate = open_gate(world)
        assert list(gate.seats.all()) == []
    with time_machine.travel(NOON + timedelta(hours=3)), pytest.raises(Invalid, match="primary"):
        open_gate(world)


def test_whoever_made_themselves_on_call_does_not_decide_by_it(world):
    with time_machine.travel(NOON):
        schedule = make_schedule(world, layer(world.ana, start=START))
        make_policy(world.workspace, gates=[gate_rule("schedule:primary", "person:cy@acme.example", place="before")])
        add_overrides(schedule, [(world.bo, NOON, NOON + timedelta(hours=1))], author=world.bo)
        save_schedule(world.workspace, "other", body(layer(world.cy)), author=world.cy)

        gate = open_gate(world)

    assert gate.intent.excluded == [world.bo.ref]
    assert "who is on call in primary" in gate.intent.texts.plan["kept_out"][world.bo.ref]


def test_overrides_that_ended_are_not_read(world):
    schedule = make_schedule(world, layer(world.ana, start=START))
    with time_machine.travel(NOON):
        make_override(schedule, world.bo, NOON, NOON + timedelta(hours=1))

    assert people_named(world.workspace, ["schedule:primary"], NOON + timedelta(hours=2)) == [world.ana]
