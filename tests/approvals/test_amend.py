"""Amending: another payload before work began. Nobody has agreed to it yet, and everybody is told what and why."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Decision, Gate
from approvals.services.amend import Amended, amend
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.views.history import history_of
from approvals.views.withdrawing import principal_of
from intents.errors import Conflict, DomainError, Forbidden, Invalid
from intents.models import FormerPayload, Intent, Outbox
from intents.principal import Principal
from intents.services.fitting import fit_in
from intents.services.purge import purge
from intents.services.verify import first_misfit
from tests.acts import (
    agent_task,
    bundle,
    current_step,
    details,
    ending,
    everybody_told,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    say,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, make_team, open_gate, send

SMALLER = {"target": "prod-postgres-main", "rows": 10}
TWO = [gate_rule("team:sre", need=2, place="before")]


def change(world: SimpleNamespace, intent: Intent, payload: dict[str, Any] = SMALLER, **fields: Any) -> Amended:
    by = fields.pop("by", world.principal)
    reason = fields.pop("reason", "only ten rows")
    return amend(intent.pk, by, payload, reason, fit_in(world.workspace, intent.intent_type, payload))


def statuses(intent: Intent) -> dict[str, str]:
    return dict(intent.steps.order_by("position").values_list("name", "status"))


def test_payload_changed_after_the_first_of_two_approvals_makes_votes_void(world):
    make_policy(world.workspace, gates=TWO)
    gate = open_gate(world)
    say(gate, world.ana)

    done = change(world, gate.intent)

    again = gate_of(gate.intent)
    assert (again.pk, again.expires_at) == (gate.pk, gate.expires_at)
    assert again.digest != gate.digest
    assert [vote.void_why for vote in Decision.objects.all()] == ["amended"]
    assert done.changed.void == ("ana@acme.example",)
    said = details(gate.intent, "amended")
    assert (said["why"], said["votes_void"]) == ("only ten rows", ["ana@acme.example"])
    assert said["patch"] == [{"op": "add", "path": "/rows", "value": 10}]
    assert (said["digest"], said["payload_digest"]) == (again.digest, fresh(gate.intent).texts.payload_digest)
    assert "sender amended the request; the answers of ana@acme.example are void." in [
        entry.text for entry in history_of(gate.intent)
    ]


def test_policys_words_quote_the_payload_as_it_is_now(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", instructions="Mind {payload.target}.")])
    intent = send(world)

    change(world, intent, {"target": "test-postgres"})

    assert gate_of(intent).ask.instructions == "Mind “test-postgres”."


def test_votes_on_the_new_payload_count_anew(world):
    make_policy(world.workspace, gates=TWO)
    gate = open_gate(world)
    say(gate, world.ana)
    change(world, gate.intent)

    say(gate, world.bo, digest=gate_of(gate.intent).digest)
    assert gate_of(gate.intent).is_open
    say(gate, world.ana, digest=gate_of(gate.intent).digest)

    said = ending(gate.intent)
    assert (said["approved"], said["payload"], said["edited"]) == (True, SMALLER, [])
    assert [(vote["by"], vote["counted"], vote["void"]) for vote in said["gates"][0]["decisions"]] == [
        ("ana@acme.example", False, "amended"),
        ("bo@acme.example", True, None),
        ("ana@acme.example", True, None),
    ]


@pytest.mark.parametrize("with_digest", [True, False])
def test_answer_to_what_was_shown_before_is_refused(world, with_digest):
    gate = open_gate(world)
    change(world, gate.intent)

    verdict = say(gate, world.ana, digest=gate.digest if with_digest else "")

    assert (verdict.status, verdict.code) == (409, "digest_stale" if with_digest else "digest_required")
    assert not Decision.objects.exists()


def test_agent_gets_the_amended_payload(world):
    gate = open_gate(world, to_agent="infra-validator")
    change(world, gate.intent)

    say(gate, world.ana, digest=gate_of(gate.intent).digest)

    assert take_work(world)["payload"] == SMALLER


def test_work_that_nobody_has_taken_yet_may_still_be_amended(world):
    make_policy(world.workspace, action="approve")
    intent = send(world)

    change(world, intent)

    assert take_work(world)["payload"] == SMALLER


def test_amend_is_refused_once_work_was_handed_out(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="after")])
    intent = send(world)
    take_work(world)

    with pytest.raises(Conflict) as refusal:
        change(world, intent)

    assert refusal.value.code == "work_started"
    assert fresh(intent).texts.payload == intent.texts.payload


def test_gates_that_had_agreed_are_asked_again_in_their_order(world):
    make_team(world.workspace, "leads", world.bo)
    first, second = gate_rule("team:sre", place="before"), gate_rule("team:leads", place="before")
    make_policy(world.workspace, gates=[first, second])
    intent = send(world)
    say(gate_of(intent), world.ana)
    leads = gate_of(intent)

    change(world, intent)

    assert statuses(intent) == {
        "gate-1": "superseded",
        "gate-2": "superseded",
        "gate-1-2": "current",
        "gate-2-2": "pending",
        "work": "pending",
    }
    leads.refresh_from_db()
    assert (leads.outcome, leads.outcome_class, leads.reason) == ("amended", "back", "amended")
    say(gate_of(intent), world.cy, digest=gate_of(intent).digest)
    say(gate_of(intent), world.bo, digest=gate_of(intent).digest)
    finish_work(world, intent)
    said = ending(intent)
    assert (said["approved"], [gate["step_id"] for gate in said["gates"]]) == (True, ["gate-1-2", "gate-2-2"])
    assert [step["step_id"] for step in fresh(intent).texts.plan["steps"]] == list(statuses(intent))


def test_delay_after_a_gate_that_agreed_waits_for_it_anew(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place={"before": "wait"})])
    wait = {"step_id": "wait", "tool_id": "tool.internal.delay", "config": {"seconds": 60}}
    made = Api(world.sender_secret).post("/v1/scenarios/apply", bundle(wait, agent_task("work"))).json()
    intent = Intent.objects.get(pk=made["intent_id"])
    say(gate_of(intent), world.ana)
    assert current_step(intent).name == "wait"

    change(world, intent)

    assert [statuses(intent)[name] for name in ("gate-1", "gate-1-2", "wait")] == ["superseded", "current", "pending"]


def test_policy_that_came_since_adds_its_gate_and_takes_none(world):
    make_policy(world.workspace, gates=TWO)
    intent = send(world)
    make_team(world.workspace, "leads", world.cy)
    extra = [gate_rule("team:leads", place="before"), gate_rule("team:leads", place="after")]
    make_policy(world.workspace, "first", gates=extra, position=1)

    change(world, intent)

    sources = [step.source for step in intent.steps.order_by("position")]
    assert sources == ["policy:infra-changes@1", "policy:first@1", "request", "policy:first@1"]
    assert gate_of(intent).source == "policy:infra-changes@1"


def test_amended_payload_of_what_had_passed_meets_the_gate_before_its_work(world):
    passing = make_policy(world.workspace, action="approve")
    intent = send(world)
    passing.is_active = False
    passing.save()

    change(world, intent)

    assert list(statuses(intent).values()) == ["current", "pending"]
    assert gate_of(intent).source == "default"


def test_amendment_that_a_policy_denies_changes_nothing(world):
    gate = open_gate(world)
    make_policy(world.workspace, "never", action="deny")

    with pytest.raises(Forbidden) as refusal:
        change(world, gate.intent)

    assert refusal.value.code == "policy_denied"
    assert gate_of(gate.intent).digest == gate.digest
    assert history(gate.intent)[-1] != "amended"


def test_whoever_amends_and_new_authors_do_not_decide(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")], author_fields=["author"])
    gate = open_gate(world, requested_by="bo@acme.example")

    change(world, gate.intent, {"author": "ana@acme.example"})

    digest = gate_of(gate.intent).digest
    assert say(gate, world.ana, digest=digest).code == "four_eyes"
    assert say(gate, world.bo, digest=digest).code == "four_eyes"
    assert say(gate, world.cy, digest=digest).recorded


def test_amendment_that_leaves_nobody_to_ask_is_refused(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3)], author_fields=["author"])
    gate = open_gate(world)

    with pytest.raises(Invalid) as refusal:
        change(world, gate.intent, {"author": "ana@acme.example"})

    assert refusal.value.code == "nobody_to_ask"
    assert str(world.ana.pk) not in fresh(gate.intent).excluded


def test_chain_begins_again_and_the_deadline_stays(world):
    remind = {"after": 600, "interval": 600, "max": 1}
    with frozen_clock() as clock:
        make_policy(world.workspace, gates=[gate_rule("team:sre", remind=remind, deadline=7200)])
        gate = open_gate(world)
        fast_forward(clock, 700)
        assert history(gate.intent).count("reminder") == 1

        change(world, gate.intent)
        fast_forward(clock, 700)

        assert history(gate.intent).count("reminder") == 2
        assert gate_of(gate.intent).expires_at == gate.expires_at


def test_silence_approves_nothing_that_changed_meanwhile(world):
    with frozen_clock() as clock:
        make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="approve", deadline=3600)])
        gate = open_gate(world)
        everybody_told(gate)
        change(world, gate.intent)

        fast_forward(clock, 4000)

        assert ending(gate.intent)["outcome"] == "expired"


REFUSED = {
    "another key": ("not_the_sender", {"by": "other"}),
    "another person": ("not_the_sender", {"by": "ana"}),
    "the same payload": ("payload_unchanged", {"payload": {"target": "prod-postgres-main"}}),
    "no reason": ("reason_required", {"reason": "  "}),
    "too long a reason": ("reason_required", {"reason": "x" * 2001}),
}


@pytest.mark.parametrize(("code", "fields"), REFUSED.values(), ids=REFUSED)
def test_amend_is_refused_and_changes_nothing(world, code, fields):
    gate = open_gate(world)
    by = {
        "other": Principal(world.workspace.pk, key=make_key(world.workspace, "other")[0]),
        "ana": person(world.ana, world),
    }
    fields = fields | ({"by": by[fields["by"]]} if "by" in fields else {})

    with pytest.raises(DomainError) as refusal:
        change(world, gate.intent, **fields)

    assert refusal.value.code == code
    assert not FormerPayload.objects.exists()
    assert (gate_of(gate.intent).digest, "amended" in history(gate.intent)) == (gate.digest, False)


def person(row: Any, world: SimpleNamespace) -> Principal:
    return principal_of(row, world.workspace.pk)


def test_amend_is_refused_after_the_end_and_after_the_deadline(world):
    gate = open_gate(world)
    Gate.objects.update(expires_at=gate.opened_at - timedelta(seconds=1))
    with pytest.raises(Conflict) as late:
        change(world, gate.intent)
    Gate.objects.update(expires_at=gate.expires_at)
    say(gate, world.ana)
    with pytest.raises(Conflict) as over:
        change(world, gate.intent)

    assert (late.value.code, over.value.code) == ("expired", "already_terminal")


def test_amend_has_a_limit(world, monkeypatch):
    monkeypatch.setattr("intents.services.payloads.MOST_CHANGES", 1)
    gate = open_gate(world)
    change(world, gate.intent)

    with pytest.raises(Conflict) as refusal:
        change(world, gate.intent, {"rows": 1})

    assert refusal.value.code == "too_many_changes"


def test_history_of_an_amended_intent_verifies_and_another_payload_is_found(world):
    gate = open_gate(world)
    change(world, gate.intent)
    change(world, gate.intent, {"rows": 2})
    assert first_misfit(fresh(gate.intent)) is None

    intent = fresh(gate.intent)
    former = FormerPayload.objects.first()
    intent.texts.payload, intent.texts.payload_digest = former.payload, former.payload_digest
    intent.texts.save()

    assert "payload" in getattr(first_misfit(intent), "why", "")


def test_purge_takes_former_payloads_and_reasons(world):
    gate = open_gate(world)
    change(world, gate.intent)
    say(gate, world.ana, digest=gate_of(gate.intent).digest)
    Outbox.objects.all().delete()
    purge(gate.intent.pk, "person:ana@acme.example")

    row = FormerPayload.objects.get()
    assert "prod-postgres" not in row.payload
    assert "ten rows" not in row.reason


def test_amend_over_the_wire(world, api):
    gate = open_gate(world)
    body = {"payload": SMALLER, "reason": "only ten rows", "more": 1}

    said = api.post(f"/v1/intents/{gate.intent_id}/amend", body).json()

    assert (said["applied"], said["gate_id"], said["votes_void"]) == (True, str(gate.pk), [])
    assert said["digest"] == gate_of(gate.intent).digest
    assert said["patch"] == [{"op": "add", "path": "/rows", "value": 10}]
    assert said["warnings"] == ["The field 'more' is not known and was ignored."]


def test_amend_over_the_wire_that_does_not_fit_its_schema_is_422(world, api):
    schema = {"type": "object", "properties": {"rows": {"type": "string"}}}
    gate = open_gate(world)
    provision = Api(make_key(world.workspace, "admin", ("provision",))[1])
    made = {"semantic_type": "intent.infra.change.v1", "schema_json": schema, "compatibility_mode": "strict"}
    assert provision.post("/v1/schemas", made).status_code == 200

    answer = api.post(f"/v1/intents/{gate.intent_id}/amend", {"payload": SMALLER, "reason": "why"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "schema_invalid")
    assert gate_of(gate.intent).digest == gate.digest
    assert decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in").recorded
