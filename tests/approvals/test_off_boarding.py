"""Somebody leaves: whatever names them is shown and mended in one act, and no gate waits for them."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from approvals.mending import turns_without, without
from approvals.models import (
    Absence,
    ApprovalSettings,
    Chain,
    Membership,
    Override,
    Person,
    PersonalToken,
    Policy,
    Schedule,
    Team,
)
from approvals.selectors import reachable_people
from approvals.services.absences import start_absence
from approvals.services.chains import save_chain
from approvals.services.offboarding import Mend, off_board
from approvals.services.told import mark_unreachable
from approvals.sweeps import settle
from intents.models import Event, WorkspaceEntry
from tests.acts import START, details, frozen_clock, history, say
from tests.approvals.rotas import layer, make_override, make_schedule
from tests.changes import changes
from tests.factories import gate_rule, make_policy, make_team, open_gate

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
OPERATOR = "operator:root"


@pytest.fixture(autouse=True)
def noon():
    with frozen_clock() as traveller:
        yield traveller


def newest(model: Any, **which: Any) -> dict[str, Any]:
    row = model.objects.get(**which)
    return dict(row.versions.get(number=row.version).body)


def by_what(mends: list[Mend]) -> dict[str, Mend]:
    return {mend.what: mend for mend in mends}


@pytest.fixture
def named(world) -> Any:
    """Ana is named by everything there is."""
    make_team(world.workspace, "leads", world.ana)
    schedule = make_schedule(world, layer(world.ana, world.bo, world.cy, start="2026-03-01"))
    make_override(schedule, world.ana, START, START + HOUR)
    start_absence(world.workspace, world.bo, START + HOUR, START + 2 * HOUR, world.ana, actor="x")
    start_absence(world.workspace, world.ana, START, START + HOUR, None, actor="x")
    steps = [{"who": ["team:sre"]}, {"after": 600, "who": ["person:ana@acme.example", "person:bo@acme.example"]}]
    save_chain(world.workspace, "night", {"steps": steps, "last_resort": ["person:ana@acme.example"]}, author=None)
    ApprovalSettings.objects.update(default_approvers=["ana@acme.example", "team:sre"])
    two = gate_rule("person:ana@acme.example", "team:sre", need=1, escalate_to=["person:ana@acme.example"])
    make_policy(world.workspace, "fine", gates=[two])
    alone = gate_rule("person:ana@acme.example")
    make_policy(world.workspace, "alone", types=("intent.money.*",), gates=[alone], position=20)
    make_policy(world.workspace, "leads", types=("intent.hr.*",), gates=[gate_rule("team:leads")], position=30)
    return world


def test_off_boarding_mends_everything_that_names_them(named):
    gate = open_gate(named)

    done = by_what(off_board(named.ana, actor=OPERATOR))

    named.ana.refresh_from_db()
    assert not named.ana.is_active
    assert not Membership.objects.get(person=named.ana).is_active
    assert not PersonalToken.objects.filter(person=named.ana, revoked_at=None).exists()
    assert not Team.objects.filter(people=named.ana).exists()
    assert not Override.objects.filter(person=named.ana).exists()
    assert newest(Schedule, name="primary")["layers"][0]["people"] == [
        named.bo.actor,
        named.bo.actor,
        named.cy.actor,
    ]
    assert newest(Policy, name="fine")["gates"][0]["requirement"][0]["who"] == ["team:sre"]
    assert "escalate_to" not in newest(Policy, name="fine")["gates"][0]
    night = newest(Chain, name="night")
    assert [step["who"] for step in night["steps"]] == [["team:sre"], ["person:bo@acme.example"]]
    assert "last_resort" not in night
    assert ApprovalSettings.objects.get().default_approvers == ["team:sre"]
    assert Absence.objects.get(person=named.ana).ended_at == START
    assert Absence.objects.get(person=named.bo).delegate is None
    assert "person_unreachable" in history(gate.intent)
    assert {what for what, mend in done.items() if mend.left_over} == {
        "team:leads",
        "absence of bo@acme.example",
        "policy alone",
        "policy leads",
    }
    assert "names nobody else" in done["policy alone"].does
    assert "1 of team:leads cannot agree: only 0 may decide" in done["policy leads"].does


def test_off_boarding_is_in_the_workspaces_record(named):
    off_board(named.ana, actor=OPERATOR)

    said = set(WorkspaceEntry.objects.filter(actor=OPERATOR).values_list("change", flat=True))
    assert said >= {
        "person.changed",
        "membership.changed",
        "team.changed",
        "schedule.changed",
        "policy.changed",
        "override.deleted",
        "absence.changed",
        "approval_settings.changed",
        "personal_token.changed",
    }


def test_a_dry_run_says_the_same_and_changes_nothing(named):
    open_gate(named)
    before = (changes(named.workspace), Event.objects.count())

    shown = off_board(named.ana, actor=OPERATOR, dry_run=True)

    named.ana.refresh_from_db()
    assert named.ana.is_active
    assert (changes(named.workspace), Event.objects.count()) == before
    assert Policy.objects.get(name="fine").version == 1
    assert shown == off_board(Person.objects.get(pk=named.ana.pk), actor=OPERATOR)


def test_off_boarding_again_does_nothing_more(named):
    off_board(named.ana, actor=OPERATOR)
    before = changes(named.workspace)

    again = off_board(named.ana, actor=OPERATOR)

    assert changes(named.workspace) == before
    assert {mend.what for mend in again} == {"policy alone", "policy leads"}


def test_a_gate_whose_line_can_no_longer_be_met_escalates_at_once(world):
    make_policy(
        world.workspace,
        gates=[
            gate_rule(
                lines=[{"who": ["person:ana@acme.example"], "need": 1}, {"who": ["team:sre"], "need": 1}],
                place="before",
                escalate_to=["person:cy@acme.example"],
            )
        ],
    )
    gate = open_gate(world)

    done = by_what(off_board(world.ana, actor=OPERATOR))

    assert details(gate.intent, "escalated")["reason"] == "nobody"
    assert "1 of ana@acme.example must agree, and 0 may" in done[f"gate {gate.title} ({gate.pk})"].does


def test_a_deactivated_person_never_counts_as_reachable_however_it_happens(world):
    """Also by the box in the admin, which only saves the row: the next tick tells the gates."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, place="before", escalate_to=["team:sre"])])
    gate = open_gate(world)
    say(gate, world.ana)

    world.ana.is_active = False
    world.ana.save()
    membership = world.bo.memberships.get()
    membership.can_decide = False
    membership.save()
    settle()
    settle()

    assert reachable_people(gate) == [world.cy]
    assert history(gate.intent).count("person_unreachable") == 2
    assert history(gate.intent).count("escalated") == 1


@pytest.mark.parametrize("what", ["person", "membership"])
def test_who_may_decide_again_is_waited_for_again_and_silence_counts_nothing_before(world, what):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, place="before")])
    gate = open_gate(world)
    gate.seats.update(told_at=START)
    row = world.ana if what == "person" else world.ana.memberships.get()
    row.is_active = False
    row.save()
    settle()
    assert reachable_people(gate) == [world.bo, world.cy]

    row.is_active = True
    row.save()
    settle()

    assert reachable_people(gate) == [world.ana, world.bo, world.cy]
    assert gate.seats.get(person=world.ana).told_at is None


def test_who_comes_back_while_away_is_waited_for_when_that_ends(world, noon):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, place="before", deadline=6 * 3600)])
    gate = open_gate(world)
    start_absence(world.workspace, world.ana, START, START + HOUR, None, actor="x")
    settle()
    for active in (False, True):
        world.ana.is_active = active
        world.ana.save()
        settle()
    assert reachable_people(gate) == [world.bo, world.cy]

    noon.shift(HOUR)
    settle()

    assert reachable_people(gate) == [world.ana, world.bo, world.cy]


def test_who_leaves_is_left_out_also_when_they_could_not_be_reached_before(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, place="before", escalate_to=["team:sre"])])
    gate = open_gate(world)
    mark_unreachable(gate.pk, world.ana.pk, "the mailbox is gone")
    assert "escalated" not in history(gate.intent)

    off_board(world.ana, actor=OPERATOR)

    assert history(gate.intent).count("escalated") == 1


def test_a_delegate_who_leaves_is_asked_for_nobody_any_more(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    start_absence(world.workspace, world.ana, START, START + HOUR, world.bo, actor="x")
    gate = open_gate(world)

    off_board(world.bo, actor=OPERATOR)

    assert "delegation_ended" in history(gate.intent)
    assert reachable_people(gate) == [world.cy]


def test_the_command_shows_first_and_then_does_it(named):
    out = StringIO()

    call_command("off_board", "Ana@acme.example", "--dry-run", stdout=out)
    assert "ana@acme.example would be deactivated." in out.getvalue()
    assert "! acme/production: policy alone stays as it is" in out.getvalue()
    call_command("off_board", "ana@acme.example", stdout=out)

    named.ana.refresh_from_db()
    assert not named.ana.is_active
    with pytest.raises(CommandError, match="There is no zoe"):
        call_command("off_board", "zoe@acme.example")


def test_turns_go_to_whoever_comes_next_and_the_others_stay_where_they_are():
    body = {"zone": "UTC", "layers": [layer("person:a", "person:b", "person:c", "person:b")]}

    mended, stuck = turns_without(body, {"b"})

    assert (mended["layers"][0]["people"], stuck) == (["person:a", "person:c", "person:c", "person:a"], [])


def test_a_layer_of_nobody_else_goes_unless_it_is_the_only_one():
    alone, other = layer("person:a"), layer("person:b")

    assert turns_without({"layers": [alone, other]}, {"a"})[0] == {"layers": [other]}
    assert turns_without({"layers": [alone]}, {"a"})[0] == {"layers": [alone]}
    assert turns_without({"layers": [alone]}, {"a"})[1] == ["layers: nobody else is in it"]


def test_an_emptied_step_is_never_left_to_mean_everybody():
    body = {"steps": [{"who": ["person:a"]}, {"who": ["A", "team:x"]}], "last_resort": ["a"], "other": ["a"]}

    mended, stuck = without(body, {"a"})

    assert mended == {"steps": [{"who": ["person:a"]}, {"who": ["team:x"]}], "other": ["a"]}
    assert stuck == ["steps[0].who"]
