"""Many at once: sign-ins that burn the processor, and a sender that buries people in gates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from axes.models import AccessAttempt
from django.test import Client

from approvals.models import Gate
from approvals.services.hashing import HASHING
from intents.models import Intent
from intents.selectors import at_gates
from tests.acts import say
from tests.conftest import Api
from tests.factories import PASSWORD, make_key, open_gate

GATED = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}}


def sign_in(email: str, password: str = PASSWORD) -> Any:
    return Client().post("/sign-in", {"email": email, "password": password})


def test_a_third_sign_in_at_once_is_sent_away_unread(world: SimpleNamespace, settings: Any) -> None:
    with HASHING.place(), HASHING.place():
        refused = sign_in("ana@acme.example", "wrong")

    assert refused.status_code == 503
    assert refused["Retry-After"] == "1"
    assert b"does not count as an attempt" in refused.content
    assert not AccessAttempt.objects.exists()
    assert sign_in("ana@acme.example").status_code == 302


def test_a_place_is_free_again_after_a_wrong_password(world: SimpleNamespace) -> None:
    answers = [sign_in("ana@acme.example", "wrong").status_code for _ in range(4)]

    assert answers == [403] * 4
    assert AccessAttempt.objects.get().failures_since_start == 4


def test_a_sender_is_refused_when_people_have_too_much_of_it_before_them(
    world: SimpleNamespace, api: Api, settings: Any
) -> None:
    settings.OPEN_GATES_PER_SENDER = 2
    gates = [open_gate(world), open_gate(world)]

    refused = api.post("/v1/intents", GATED)

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_many_open_gates")
    assert Intent.objects.count() == 2
    say(gates[0], world.ana)
    assert api.post("/v1/intents", GATED).status_code == 200


def test_another_sender_is_not_held_up(world: SimpleNamespace, settings: Any) -> None:
    settings.OPEN_GATES_PER_SENDER = 1
    open_gate(world)

    assert Api(make_key(world.workspace, "other")[1]).post("/v1/intents", GATED).status_code == 200


def test_the_count_follows_the_gates(world: SimpleNamespace) -> None:
    gates = [open_gate(world) for _ in range(3)]
    say(gates[0], world.ana)
    Api(world.sender_secret).post(f"/v1/intents/{gates[1].intent_id}/resolve", {"status": "CANCELED"})

    assert at_gates(world.sender).count() == Gate.objects.filter(closed_at=None).count() == 1
