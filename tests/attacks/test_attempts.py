"""What machines try and may not: refused, nothing changed, and on record without filling it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Decision
from intents.models import Intent
from intents.services import attempts
from intents.services.verify import chain_fits
from tests.acts import details, fresh, gate_of, history, neighbours, say
from tests.conftest import Api
from tests.factories import make_key, make_token, open_gate

DECIDE = ("approvals/{gate}/decision", {"decision": "approve"})
RESUME = ("intents/{intent}/resume", {"task_result": {"outcome": "approved"}})
RESOLVE = ("intents/{intent}/resolve", {"status": "COMPLETED"})
THREAD: tuple[str, dict[str, Any]] = ("inbox/{intent}/approve", {})
ACTS = {"decide": (DECIDE, "human_step"), "resume": (RESUME, "human_step"), "resolve": (RESOLVE, "gates_remain")}


def attempt(api: Api, gate: Any, act: tuple[str, dict[str, Any]]) -> Any:
    return api.post(f"/v1/{act[0].format(gate=gate.pk, intent=gate.intent_id)}", act[1])


def kept(intent: Intent) -> int:
    return history(intent).count("attempt_refused")


@pytest.mark.parametrize("tried", ACTS)
def test_attempt_of_a_machine_is_an_event_with_its_key_and_reason(world: SimpleNamespace, tried: str) -> None:
    gate = open_gate(world)
    act, code = ACTS[tried]

    answer = attempt(Api(world.sender_secret), gate, act)

    assert answer.json()["error"]["code"] == code
    assert details(gate.intent, "attempt_refused") == {"tried": tried, "code": code, "key": str(world.sender.pk)}
    assert gate.intent.events.get(event_type=attempts.REFUSED).actor == "key:sender"
    assert not Decision.objects.exists()
    assert chain_fits(fresh(gate.intent))


@pytest.mark.parametrize("tried", ACTS)
def test_attempt_that_is_repeated_is_kept_once(world: SimpleNamespace, tried: str) -> None:
    gate = open_gate(world)

    for _ in range(5):
        attempt(Api(world.sender_secret), gate, ACTS[tried][0])

    assert kept(gate.intent) == 1


def test_attempts_of_many_keys_stop_at_a_number_that_nobody_has_to_scroll_through(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MOST", 3)
    gate = open_gate(world)

    for number in range(6):
        attempt(Api(make_key(world.workspace, f"swarm-{number}")[1]), gate, DECIDE)

    assert kept(gate.intent) == 3


def test_attempt_of_a_token_that_may_not_decide_is_an_event_of_its_person(world: SimpleNamespace) -> None:
    gate = open_gate(world)
    token = make_token(world.ana, world.workspace, can_decide=False)

    answer = attempt(Api(token=token), gate, DECIDE)

    assert answer.status_code == 403
    assert gate.intent.events.get(event_type=attempts.REFUSED).actor == "person:ana@acme.example"


def test_attempt_in_an_inbox_is_an_event_too(world: SimpleNamespace) -> None:
    asked = {"intent_type": "x.y.v1", "to_agent": "human", "payload": {}, "reply_to": world.agent.address}
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/intents", asked).json()["intent_id"])

    answer = attempt(Api(world.work_secret), gate_of(intent), THREAD)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "human_step")
    assert details(intent, "attempt_refused")["tried"] == "decide"


def test_attempt_of_another_workspaces_machine_leaves_no_trace_here(world: SimpleNamespace) -> None:
    gate = open_gate(world)

    attempt(Api(neighbours().sender_secret), gate, DECIDE)

    assert kept(gate.intent) == 0


def test_attempt_on_a_closed_intent_adds_nothing_after_its_end(world: SimpleNamespace) -> None:
    gate = open_gate(world)
    say(gate, world.ana)

    attempt(Api(world.sender_secret), gate, DECIDE)

    assert history(gate.intent)[-1] == "completed"


def test_people_read_in_the_history_that_a_machine_tried(world: SimpleNamespace, client: Any) -> None:
    gate = open_gate(world)
    attempt(Api(world.sender_secret), gate, DECIDE)
    client.force_login(world.bo)

    page = client.get(f"/gates/{gate.pk}").content.decode()

    assert "tried to decide, and was refused" in page


def long(**fields: Any) -> dict[str, Any]:
    return {"table": "x" * 20_000, **fields}


@pytest.mark.parametrize(("payload", "seen"), [({"table": "x"}, True), (long(), False)], ids=["whole", "cut"])
def test_decision_says_whether_the_view_was_full(
    world: SimpleNamespace, client: Any, payload: dict[str, Any], seen: bool
) -> None:
    gate = open_gate(world, payload=payload)
    client.force_login(world.bo)

    client.post(f"/gates/{gate.pk}/decide", {"outcome": "rejected", "digest": gate.digest, "comment": "No."})

    decision = Decision.objects.get()
    assert (decision.full_view, decision.via, decision.strength) == (seen, "web", "signed_in")
    said = details(gate.intent, "decision_recorded")
    assert [said[name] for name in ("full_view", "via", "strength", "digest")] == [
        seen,
        "web",
        "signed_in",
        gate.digest,
    ]


def test_decision_after_the_review_in_full_says_so(world: SimpleNamespace, client: Any) -> None:
    gate = open_gate(world, payload=long())
    client.force_login(world.bo)

    client.post(f"/gates/{gate.pk}/decide", {"outcome": "approved", "digest": gate.digest, "full": "1"})

    assert Decision.objects.get().full_view is True


def test_decision_by_a_program_of_the_persons_own_claims_no_view(world: SimpleNamespace) -> None:
    gate = open_gate(world)

    attempt(Api(token=world.tokens["ana"]), gate, DECIDE)

    assert Decision.objects.get().full_view is None
    assert details(gate.intent, "decision_recorded")["full_view"] is None
