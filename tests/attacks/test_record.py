"""What somebody with the database, but without the record key, could rewrite unseen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals.rules import RuleRefused
from intents.digest import digest_of
from tests.acts import details, say
from tests.factories import gate_rule, make_policy, open_gate

FORM = {"type": "object", "properties": {"amount": {"type": "integer"}}}


def test_the_chain_covers_what_a_person_filled_in_before_the_intent_has_ended(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world, human_task={"title": "Pay", "form_schema": FORM})

    say(gate, world.ana, fields={"amount": 100}, evidence=("https://bills.example/1",))

    said = {"comment": "", "fields": {"amount": 100}, "evidence": ["https://bills.example/1"]}
    assert details(gate.intent, "decision_recorded")["answer_digest"] == digest_of(said)


@pytest.mark.parametrize("name", ["pull_request.author", "payload.pull_request.author"])
def test_a_policy_is_refused_when_its_author_field_would_never_be_found(world: SimpleNamespace, name: str) -> None:
    with pytest.raises(RuleRefused):
        make_policy(world.workspace, gates=[gate_rule("team:sre")], author_fields=[name])


def test_a_correction_in_the_form_is_recorded_when_the_outcome_stays_the_same(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world, human_task={"title": "Pay", "form_schema": FORM})
    say(gate, world.ana, fields={"amount": 100})

    repeated = say(gate, world.ana, fields={"amount": 100})
    corrected = say(gate, world.ana, fields={"amount": 10})

    assert repeated.code == "already_recorded"
    assert corrected.recorded
    assert gate.decisions.get(taken_back_at=None).text.fields == {"amount": 10}
