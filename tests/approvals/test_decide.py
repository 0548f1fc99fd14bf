"""Deciding: every act on an open gate, and every reason for which an answer is not taken."""

import pytest

from approvals.models import Decision, Gate
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.take_back import take_back
from intents.errors import NotFound
from intents.ids import new_id
from intents.services.verify import chain_fits
from tests.acts import details, ending, fresh, frozen_clock, gate_of, history, say
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate


@pytest.fixture
def two_of_sre(world) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])


@pytest.fixture
def gate(world) -> Gate:
    return open_gate(world)


def test_decide_records_who_what_where_and_what_was_shown(world, gate):
    verdict = say(gate, world.ana, comment="  index is concurrent  ")

    row = Decision.objects.get()
    assert (verdict.recorded, verdict.code, verdict.status) == (True, "recorded", 200)
    assert (row.person, row.outcome, row.via, row.strength, row.digest) == (
        world.ana,
        "approved",
        "web",
        "signed_in",
        gate.digest,
    )
    recorded = details(gate.intent, "decision_recorded")
    assert (recorded["by"], recorded["name"], recorded["comment"]) == (
        "ana@acme.example",
        "Ana Ruiz",
        "index is concurrent",
    )


def test_decide_tells_the_person_what_happened_in_one_sentence(world):
    with frozen_clock():
        gate = open_gate(world)
        verdict = say(gate, world.ana, comment="looks right.")

    assert verdict.message == "Approved by Ana Ruiz in the web inbox at 12:00 UTC: looks right."
    assert ending(gate.intent)["summary"] == verdict.message


def test_decide_says_who_is_still_missing_when_one_is_not_enough(world, two_of_sre):
    verdict = say(open_gate(world), world.ana)

    assert "1 of 2 from team:sre" in verdict.message


def test_decide_closes_when_the_count_is_reached(world, two_of_sre, gate):
    say(gate, world.ana)
    assert gate_of(gate.intent).is_open

    say(gate, world.bo)

    assert ending(gate.intent)["decided_by"] == ["ana@acme.example", "bo@acme.example"]
    assert ending(gate.intent)["gates"][0]["requirement"] == [{"who": "team:sre", "need": 2, "have": 2}]


def test_decide_closes_when_each_line_is_met(world):
    sam = make_person(world.workspace, "sam@acme.example")
    make_team(world.workspace, "security", sam)
    make_policy(
        world.workspace, gates=[gate_rule(lines=[{"who": [f"team:{t}"], "need": 1} for t in ("sre", "security")])]
    )
    gate = open_gate(world)

    say(gate, world.ana)
    say(gate, world.bo)
    assert fresh(gate.intent).status == "WAITING"
    say(gate, sam)

    assert fresh(gate.intent).status == "COMPLETED"


@pytest.mark.parametrize(("rejections", "needed"), [(1, 1), (2, 2)])
def test_decide_closes_no_when_the_rejections_are_reached(world, rejections, needed):
    make_policy(world.workspace, gates=[gate_rule("team:sre", rejections=rejections)])
    gate = open_gate(world)

    for person in [world.ana, world.bo][:needed]:
        assert gate_of(gate.intent).is_open
        say(gate, person, "rejected")

    assert (fresh(gate.intent).status, ending(gate.intent)["outcome"]) == ("CANCELED", "rejected")


def test_decide_closes_no_as_soon_as_yes_has_become_impossible(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, rejections=3)])
    gate = open_gate(world)

    say(gate, world.ana, "rejected")

    assert ending(gate.intent)["outcome"] == "rejected"


def test_decide_goes_on_to_the_next_step_when_yes(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    gate = open_gate(world, to_agent="infra-validator")

    say(gate, world.ana)

    intent = fresh(gate.intent)
    assert (intent.status, (intent.pending_with or {})["type"]) == ("SUBMITTED", "agent")


def test_decide_runs_nothing_after_a_no(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    gate = open_gate(world, to_agent="infra-validator")

    say(gate, world.ana, "rejected")

    assert [step.status for step in gate.intent.steps.all()] == ["canceled", "canceled"]


def test_changes_requested_ends_the_intent_and_needs_a_comment(world):
    gate = open_gate(world, human_task={"task_type": "review"})

    refused = say(gate, world.ana, "changes_requested")
    taken = say(gate, world.ana, "changes_requested", comment="Smaller batches, please.")

    assert (refused.code, refused.status, taken.recorded) == ("comment_required", 422, True)
    assert (fresh(gate.intent).status, ending(gate.intent)["comment"]) == ("CANCELED", "Smaller batches, please.")


def test_same_answer_again_is_no_error_and_no_second_vote(world, two_of_sre, gate):
    say(gate, world.ana)

    again = say(gate, world.ana, comment="twice")

    assert (again.recorded, again.code, again.status) == (False, "already_recorded", 200)
    assert again.on_the_wire()["reason"] == "already_recorded"
    assert Decision.objects.count() == 1


def test_same_answer_again_is_no_error_when_the_gate_has_closed(world, gate):
    say(gate, world.ana)

    assert say(gate, world.ana).code == "already_recorded"


def test_changed_mind_replaces_the_first_answer(world, two_of_sre, gate):
    say(gate, world.ana)
    say(gate, world.ana, "rejected")

    assert (fresh(gate.intent).status, ending(gate.intent)["outcome"]) == ("CANCELED", "rejected")
    assert [each["counted"] for each in ending(gate.intent)["gates"][0]["decisions"]] == [False, True]
    assert "decision_taken_back" in history(gate.intent)


def test_take_back_lowers_the_count(world, two_of_sre, gate):
    say(gate, world.ana)
    assert take_back(gate.pk, world.ana, via="web").code == "taken_back"

    say(gate, world.bo)
    assert gate_of(gate.intent).is_open
    say(gate, world.ana)

    assert fresh(gate.intent).status == "COMPLETED"
    assert chain_fits(fresh(gate.intent))


def test_take_back_is_refused_after_the_end_and_without_an_answer(world, gate):
    nothing = take_back(gate.pk, world.ana, via="web")
    say(gate, world.ana)
    late = take_back(gate.pk, world.ana, via="web")

    assert (nothing.code, nothing.status) == ("nothing_to_take_back", 409)
    assert (late.code, late.status) == ("gate_closed", 409)
    assert ending(gate.intent)["approved"] is True


def test_loser_of_a_race_is_told_who_won(world):
    with frozen_clock():
        gate = open_gate(world)
        say(gate, world.ana)
        late = say(gate, world.bo, "rejected")

    assert (late.code, late.status) == ("gate_closed", 409)
    assert late.message == "Ana Ruiz approved this at 12:00 UTC in the web inbox."


@pytest.mark.parametrize("seconds", [0, 1, 86400])
def test_decide_refuses_from_the_very_moment_of_expiry(world, seconds):
    with frozen_clock() as clock:
        gate = open_gate(world)
        clock.move_to(gate.expires_at)
        clock.shift(seconds)
        late = say(gate, world.ana)

    assert (late.code, late.status) == ("expired", 409)
    assert not Decision.objects.exists()


def test_decide_takes_the_last_moment_before_expiry(world):
    with frozen_clock() as clock:
        gate = open_gate(world)
        clock.move_to(gate.expires_at)
        clock.shift(-0.001)

        assert say(gate, world.ana).recorded


def test_decide_without_a_gate_is_not_found(world):
    with pytest.raises(NotFound):
        decide(new_id(), Answer("approved"), world.ana, via="web", strength="signed_in")


def test_gate_that_names_nobody_else_lets_nobody_else_decide(world, gate):
    dee = make_person(world.workspace, "dee@acme.example")

    refused = say(gate, dee)

    assert (refused.code, refused.status) == ("not_eligible", 403)
    assert gate_of(gate.intent).is_open
