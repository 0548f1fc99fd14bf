"""Votes that count again, and attempts that would fill the history."""

import pytest

from approvals.models import Membership
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents.models import Event
from tests.factories import gate_rule, make_person, make_policy, open_gate

YES = Answer("approved")


def say(gate, person):
    return decide(gate.pk, YES, person, via="web", strength="signed_in")


@pytest.fixture
def gate(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    return open_gate(world)


def test_gate_closes_on_a_repeat_when_a_vote_counts_again(world, gate):
    membership = Membership.objects.get(person=world.ana)
    say(gate, world.ana)
    Membership.objects.filter(pk=membership.pk).update(is_active=False)
    say(gate, world.bo)
    Membership.objects.filter(pk=membership.pk).update(is_active=True)

    verdict = say(gate, world.bo)

    gate.refresh_from_db()
    assert (verdict.code, gate.outcome) == ("already_recorded", "approved")


def test_attempts_of_one_person_are_recorded_three_times_at_most(world, gate):
    stranger = make_person(world.workspace, "di@acme.example")

    for _ in range(10):
        assert say(gate, stranger).code == "not_eligible"

    assert Event.objects.filter(event_type="intent.decision_refused").count() == 3
