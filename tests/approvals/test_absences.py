"""Being away: bounded, with a delegate who may decide anyway, for what is open too, and no way round four eyes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from approvals.models import Absence, Delegation, Gate, Person
from approvals.selectors import reachable_people
from approvals.services.absences import accept_absence, end_absence, relied_on_by, start_absence
from approvals.services.told import mark_unreachable
from approvals.sweeps import settle
from intents.errors import Conflict, DomainError, Invalid
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import START, details, ending, fast_forward, fresh, frozen_clock, history, say
from tests.approvals.browsing import signed_in, text_of
from tests.changes import newest
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon():
    with frozen_clock() as traveller:
        yield traveller


@pytest.fixture
def policy(world) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", deadline=6 * 3600)])


def away(world: Any, person: Person, delegate: Person | None = None, **fields: Any) -> Absence:
    starts, ends = fields.get("starts", START), fields.get("ends", START + DAY)
    return start_absence(world.workspace, person, starts, ends, delegate, actor=person.actor)


def represented(world: Any, person: Person, delegate: Person) -> Absence:
    """Away, with a delegate who has agreed to that."""
    absence = away(world, person, delegate)
    accept_absence(absence, delegate)
    return absence


def told(gate: Gate, purpose: str = "request") -> list[str]:
    """Who was told so far, without the domain."""
    while announce_due():
        pass
    rows = Delivery.objects.filter(gate_id=gate.pk, purpose=purpose).order_by("pk")
    return [address.partition("@")[0] for address in rows.values_list("address", flat=True)]


def test_an_absence_is_recorded_with_its_author_when_it_begins_and_when_it_ends_early(world):
    absence = away(world, world.ana, world.bo)

    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("absence.created", world.ana.actor, None)
    assert after["delegate"] == str(world.bo)

    end_absence(absence, actor=world.cy.actor)
    end_absence(absence, actor=world.cy.actor)

    assert absence.ended_at == START
    assert newest(world.workspace)[:2] == ("absence.ended", world.cy.actor)


def later(days: float) -> datetime:
    return START + timedelta(days=days)


@pytest.mark.parametrize(
    ("who", "starts", "ends", "delegate", "code"),
    [
        ("ana", 1, 1, "bo", "bad_absence"),
        ("ana", -2, -1, "bo", "bad_absence"),
        ("ana", 0, 181, "bo", "absence_too_long"),
        ("ana", 400, 401, "bo", "bad_absence"),
        ("ana", 0, 1, "ana", "bad_delegate"),
        ("ana", 0, 1, "dee", "bad_delegate"),
        ("ana", 0, 1, "cy", "delegate_absent"),
        ("cy", 3, 5, "bo", "already_absent"),
        ("zoe", 0, 1, "bo", "no_member"),
    ],
)
def test_an_absence_is_refused_in_words_when_it_cannot_be(world, who, starts, ends, delegate, code):
    people = world.people | {"dee": make_person(world.workspace, "dee@acme.example", can_decide=False)}
    people["zoe"] = Person.objects.create_user("zoe@other.example", name="Zoe")
    away(world, world.cy, ends=later(4))
    count = Absence.objects.count()

    with pytest.raises(DomainError) as refusal:
        away(world, people[who], people[delegate], starts=later(starts), ends=later(ends))

    assert refusal.value.code == code
    assert Absence.objects.count() == count


def test_absences_never_make_a_circle(world):
    """Neither of two, nor over a third: whoever stands in is not away."""
    first = away(world, world.ana, world.bo)

    with pytest.raises(DomainError, match="Nobody stands in for who stands in"):
        away(world, world.bo, world.ana)
    second = away(world, world.bo, world.cy)

    assert relied_on_by(second) == [first]
    with pytest.raises(DomainError):
        away(world, world.cy, world.ana)


def test_an_absence_that_was_called_off_is_in_nobodys_way(world):
    end_absence(away(world, world.bo, starts=later(1), ends=later(3)), actor=world.bo.actor)

    assert away(world, world.ana, world.bo, starts=later(1), ends=later(2)).delegate == world.bo


def test_absent_approver(world, noon):
    """The story: Ana is away, so Bo is told in her place, and the record of his yes names both."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 600, "interval": 600, "max": 2})])
    away(world, world.ana, world.bo)

    gate = open_gate(world)

    assert details(gate.intent, "delegated") == {
        "gate_id": str(gate.pk),
        "title": gate.title,
        "from": "ana@acme.example",
        "to": "bo@acme.example",
        "why": "absence",
        "told": [],
    }
    assert sorted(told(gate)) == ["bo", "cy"]
    fast_forward(noon, 600)
    assert sorted(told(gate, "reminder")) == ["bo", "cy"]
    assert say(gate, world.bo).recorded
    assert details(gate.intent, "decision_recorded")["for"] == "ana@acme.example"
    assert ending(gate.intent)["gates"][0]["decisions"][0]["for"] == "ana@acme.example"


def test_turning_on_an_absence_moves_items_already_pending(world, policy):
    gate = open_gate(world)
    assert sorted(told(gate)) == ["ana", "bo", "cy"]

    away(world, world.ana, world.bo)
    settle()
    settle()

    assert told(gate, "delegation") == ["bo"]
    assert history(gate.intent).count("delegated") == 1
    assert "Ana Ruiz is away: Bo Lind is asked instead." in text_of(signed_in(world.cy).get(f"/gates/{gate.pk}"))


def test_an_absent_person_keeps_the_right_to_decide(world, policy):
    away(world, world.ana, world.bo)
    gate = open_gate(world)

    assert say(gate, world.ana).recorded
    assert ending(gate.intent)["gates"][0]["decisions"][0]["for"] is None


def test_a_delegate_without_a_seat_gets_no_right_and_nobody_is_told_instead(world):
    make_team(world.workspace, "leads", world.ana, world.cy)
    make_policy(world.workspace, gates=[gate_rule("team:leads", place="before")])
    away(world, world.ana, world.bo)

    gate = open_gate(world)

    assert told(gate) == ["cy"]
    assert say(gate, world.bo).code == "not_eligible"
    assert not Delegation.objects.exists()


def test_one_person_fills_one_seat_when_they_also_stand_in(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, place="before")])
    away(world, world.ana, world.bo)
    gate = open_gate(world)

    say(gate, world.bo)

    assert gate_is_open(gate)
    say(gate, world.cy)
    assert not gate_is_open(gate)


def gate_is_open(gate: Gate) -> bool:
    return Gate.objects.get(pk=gate.pk).is_open


def test_an_absence_that_ends_gives_the_messages_back(world, noon):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", deadline=6 * 3600)])
    gate = open_gate(world)
    absence = away(world, world.ana, world.bo, ends=START + HOUR)
    away(world, world.cy, ends=START + HOUR)
    settle()
    assert reachable_people(gate) == [world.bo]

    noon.shift(HOUR)
    settle()

    assert details(gate.intent, "delegation_ended")["from"] == "ana@acme.example"
    assert reachable_people(gate) == [world.ana, world.bo, world.cy]
    noon.shift(timedelta(minutes=1))
    settle()
    absence.refresh_from_db()
    assert absence.closed_at is not None


def test_the_end_of_an_absence_makes_nobody_reachable_whose_mail_came_back(world, noon, policy):
    gate = open_gate(world)
    mark_unreachable(gate.pk, world.ana.pk, "the mailbox is gone")
    away(world, world.ana, ends=START + HOUR)
    settle()

    noon.shift(HOUR)
    settle()

    assert reachable_people(gate) == [world.bo, world.cy]


def test_a_delegate_who_goes_away_too_stands_in_no_more(world, policy):
    away(world, world.ana, world.bo)
    gate = open_gate(world)

    away(world, world.bo)
    settle()

    assert [person.name for person in reachable_people(gate)] == ["Cy Okafor"]
    assert "delegation_ended" in history(gate.intent)


def test_a_gate_escalates_at_once_when_the_last_one_who_could_be_told_goes_away(world):
    make_team(world.workspace, "leads", world.bo, world.cy)
    chain = {"escalate_to": ["person:cy@acme.example"]}
    make_policy(world.workspace, gates=[gate_rule("team:leads", place="before", **chain)])
    gate = open_gate(world)
    away(world, world.cy)
    settle()
    assert "escalated" not in history(gate.intent)

    away(world, world.bo)
    settle()
    settle()

    assert history(gate.intent).count("escalated") == 1
    assert history(gate.intent).count("person_unreachable") == 2


def test_neither_a_delegate_nor_a_delegator_of_the_requester_countersigns(world, policy):
    """Four eyes, for what is sent while the absence lasts: Bo stands in for Ana, who asks."""
    dee = make_person(world.workspace, "dee@acme.example", "Dee Fox")
    world.workspace.teams.get(name="sre").people.add(dee)
    represented(world, world.ana, world.bo)
    away(world, dee, world.cy)

    asked_by_ana = open_gate(world, requested_by="ana@acme.example")
    refused = say(asked_by_ana, world.bo)
    asked_by_cy = open_gate(world, requested_by="cy@acme.example")

    assert (refused.code, say(asked_by_cy, dee).code) == ("four_eyes", "four_eyes")
    assert refused.message.startswith("Bo Lind stands in for Ana Ruiz, who is bound up with this request")
    assert say(asked_by_ana, world.cy).recorded


def test_nobody_is_kept_out_by_a_requester_who_names_them_as_delegate(world, policy):
    """Or whoever asks could choose who does not decide: before the request, or while the gate is open."""
    open_before = open_gate(world, requested_by="ana@acme.example")
    away(world, world.ana, world.bo)
    settle()

    sent_after = open_gate(world, requested_by="ana@acme.example")

    assert [world.bo.ref in fresh(gate.intent).excluded for gate in (open_before, sent_after)] == [False, False]
    assert say(open_before, world.bo, "rejected", comment="no").recorded
    assert say(sent_after, world.bo).recorded
    assert "for" not in details(sent_after.intent, "decision_recorded")


def test_only_the_delegate_agrees_to_stand_in_and_it_is_recorded(world):
    absence = away(world, world.ana, world.bo)
    with pytest.raises(Conflict, match="nobody"):
        accept_absence(absence, world.ana)

    accept_absence(absence, world.bo)
    accept_absence(absence, world.bo)

    assert newest(world.workspace)[:2] == ("absence.accepted", world.bo.actor)
    end_absence(absence, actor=world.ana.actor)
    with pytest.raises(Conflict):
        accept_absence(absence, world.bo)


def test_neither_does_one_who_agrees_to_stand_in_while_the_gate_is_open(world, policy, noon):
    gate = open_gate(world, requested_by="ana@acme.example")
    absence = away(world, world.ana, world.bo)
    settle()
    noon.shift(timedelta(minutes=1))
    settle()

    accept_absence(absence, world.bo)
    settle()

    assert say(gate, world.bo).code == "four_eyes"
    assert "person_kept_out" in history(gate.intent)
    assert say(gate, world.cy).recorded


def test_an_answer_that_was_given_before_stands_when_its_person_becomes_a_delegate(world):
    """Or the requester could strike out a refusal by naming who gave it."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=1, place="before", rejections=2)])
    gate = open_gate(world, requested_by="ana@acme.example")
    say(gate, world.bo, "rejected", comment="no")

    represented(world, world.ana, world.bo)
    settle()

    assert world.bo.ref not in fresh(gate.intent).excluded


def test_an_intent_is_refused_when_absences_leave_nobody_to_ask(world):
    make_policy(world.workspace, gates=[gate_rule("person:bo@acme.example", place="before")])
    represented(world, world.ana, world.bo)

    with pytest.raises(Invalid, match="Bo Lind stands in for Ana Ruiz") as refusal:
        open_gate(world, requested_by="ana@acme.example")

    assert refusal.value.code == "nobody_to_ask"


def test_silence_approves_nothing_when_an_approver_was_away_without_a_delegate(world, noon):
    make_policy(
        world.workspace, gates=[gate_rule("team:sre", need=3, place="before", deadline=3600, on_timeout="approve")]
    )
    gate = open_gate(world)
    gate.seats.update(told_at=gate.opened_at)
    away(world, world.ana)

    fast_forward(noon, 3600)

    assert fresh(gate.intent).status == "TIMED_OUT"


def test_the_same_person_in_two_teams_of_one_requirement_has_one_seat_per_line_and_it_is_shown(world):
    make_team(world.workspace, "security", world.ana)
    lines = [{"who": ["team:sre", "team:security"], "need": 1}, {"who": ["team:security"], "need": 1}]
    make_policy(world.workspace, gates=[gate_rule(lines=lines, place="before", rejections=2)])

    gate = open_gate(world)

    assert list(gate.seats.filter(person=world.ana).order_by("line").values_list("line", flat=True)) == [0, 1]
    page = text_of(signed_in(world.bo).get(f"/gates/{gate.pk}"))
    assert page.count('<span class="may">Ana Ruiz') == 2


def test_a_gate_escalates_at_once_when_everybody_is_away_at_its_opening(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", escalate_to=["person:cy@acme.example"])])
    for person in world.people.values():
        away(world, person)

    gate = open_gate(world)

    assert details(gate.intent, "escalated")["reason"] == "nobody"
    assert told(gate) == []


def test_a_delegate_is_not_told_before_the_chain_comes_to_whom_they_stand_in_for(world):
    chain = {"steps": [{"who": ["person:cy@acme.example"]}, {"after": 3600, "who": ["person:ana@acme.example"]}]}
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", deadline=6 * 3600, chain=chain)])
    gate = open_gate(world)

    away(world, world.ana, world.bo)
    settle()

    assert told(gate) == ["cy"]
    assert details(gate.intent, "delegated")["told"] == []


def test_a_delegate_is_told_when_the_chain_comes_to_whom_they_stand_in_for(world, noon):
    chain = {"steps": [{"who": ["person:cy@acme.example"]}, {"after": 3600, "who": ["person:ana@acme.example"]}]}
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", deadline=6 * 3600, chain=chain)])
    away(world, world.ana, world.bo)
    gate = open_gate(world)

    fast_forward(noon, 2 * 3600)

    assert (told(gate), told(gate, "escalation")) == (["cy"], ["bo"])
