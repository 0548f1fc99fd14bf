"""Claiming a gate: everybody sees it, nobody is stopped by it, and the chain waits once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals.models import Claim, Gate
from approvals.services import claim as claiming
from approvals.services.claim import claim, release
from approvals.undertakings import live_claims
from intents import clock
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import details, fast_forward, frozen_clock, gate_of, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate


@pytest.fixture
def escalating(world: SimpleNamespace) -> None:
    """Reminds after ten minutes, and escalates after twenty."""
    remind = {"after": 600, "interval": 600, "max": 1}
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=remind, escalate_to=["person:cy@acme.example"])])


def escalations(gate: Gate) -> int:
    return history(gate.intent).count("escalated")


def looking(gate: Gate) -> list[str]:
    return [row.person.name for row in live_claims(Gate.objects.get(pk=gate.pk), clock.now())]


def test_claim_is_recorded_and_shown_for_fifteen_minutes(world):
    with frozen_clock() as traveller:
        gate = open_gate(world)

        said = claim(gate.pk, world.bo, via="web")

        assert (said.recorded, said.message) == (True, "Everybody sees until 12:15 UTC that you are looking at it.")
        assert details(gate.intent, "claimed") == {
            "gate_id": str(gate.pk),
            "by": "bo@acme.example",
            "name": "Bo Lind",
            "until": "2026-03-02T12:15:00.000Z",
            "via": "web",
        }
        assert looking(gate) == ["Bo Lind"]
        traveller.shift(15 * 60)
        assert looking(gate) == []


@pytest.mark.usefixtures("escalating")
def test_first_claim_puts_the_chain_off_once_when_several_claim(world):
    with frozen_clock() as traveller:
        gate = open_gate(world)
        claim(gate.pk, world.bo, via="web")
        claim(gate.pk, world.ana, via="web")

        fast_forward(traveller, 34 * 60)
        assert escalations(gate) == 0
        fast_forward(traveller, 2 * 60)
        assert escalations(gate) == 1


def test_claim_never_moves_the_deadline(world):
    remind = {"after": 200, "interval": 200, "max": 1}
    rule = gate_rule("team:sre", deadline=600, remind=remind, escalate_to=["person:cy@acme.example"])
    make_policy(world.workspace, gates=[rule])
    with frozen_clock() as traveller:
        gate = open_gate(world)
        fast_forward(traveller, 190)

        said = claim(gate.pk, world.bo, via="web")

        assert "12:10 UTC" in said.message
        fast_forward(traveller, 409)
        assert escalations(gate) == 1
        fast_forward(traveller, 1)
        assert Gate.objects.get(pk=gate.pk).outcome == "expired"


def test_claim_blocks_nobody(world):
    gate = open_gate(world)
    claim(gate.pk, world.bo, via="web")

    assert say(gate, world.ana).recorded
    assert not Gate.objects.get(pk=gate.pk).is_open


def test_claim_is_not_shown_when_its_person_has_decided(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    claim(gate.pk, world.bo, via="web")

    say(gate, world.bo)

    assert looking(gate) == []


def test_second_claim_changes_nothing_while_the_first_one_stands(world):
    gate = open_gate(world)
    claim(gate.pk, world.bo, via="web")

    said = claim(gate.pk, world.bo, via="web")

    assert (said.recorded, said.code, said.status) == (False, "already_claimed", 200)
    assert history(gate.intent).count("claimed") == 1


def test_released_claim_is_not_shown(world):
    gate = open_gate(world)
    claim(gate.pk, world.bo, via="web")

    assert release(gate.pk, world.bo, via="web").recorded

    assert looking(gate) == []
    assert details(gate.intent, "claim_released")["by"] == "bo@acme.example"


@pytest.mark.usefixtures("escalating")
def test_claiming_again_after_a_release_puts_nothing_off(world):
    with frozen_clock() as traveller:
        gate = open_gate(world)
        claim(gate.pk, world.bo, via="web")
        release(gate.pk, world.bo, via="web")

        claim(gate.pk, world.bo, via="web")

        fast_forward(traveller, 35 * 60)
        assert escalations(gate) == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "not_eligible"),
        ({"requested_by": "bo@acme.example"}, "four_eyes"),
    ],
)
def test_claim_is_refused_when_one_may_not_decide(world, asked, code):
    gate = open_gate(world, **asked)
    person = world.bo if asked else neighbours().zoe

    said = claim(gate.pk, person, via="web")

    assert (said.code, said.status) == (code, 403)
    assert not Claim.objects.exists()


def test_claim_and_release_are_refused_when_the_gate_is_settled(world):
    gate = open_gate(world)
    claim(gate.pk, world.bo, via="web")
    say(gate, world.ana)

    assert claim(gate.pk, world.cy, via="web").code == "gate_closed"
    assert release(gate.pk, world.bo, via="web").code == "gate_closed"


def test_claim_is_refused_when_the_time_has_run_out(world):
    with frozen_clock() as traveller:
        gate = open_gate(world)
        traveller.shift(30 * 3600)

        assert claim(gate.pk, world.bo, via="web").code == "expired"


def test_claim_is_refused_when_it_was_claimed_too_often(world, monkeypatch):
    monkeypatch.setattr(claiming, "MOST", 1)
    gate = open_gate(world)
    claim(gate.pk, world.bo, via="web")
    release(gate.pk, world.bo, via="web")

    assert claim(gate.pk, world.bo, via="web").code == "too_many_claims"


def test_release_is_refused_when_there_is_no_claim(world):
    said = release(open_gate(world).pk, world.bo, via="web")

    assert (said.code, said.status) == ("nothing_to_release", 409)


def test_claim_and_release_go_over_the_wire(world):
    gate = open_gate(world)
    bo, ana = (Api(token=world.tokens[name]) for name in ("bo", "ana"))

    claimed = bo.post(f"/v1/gates/{gate.pk}/claim").json()

    assert claimed["applied"] is True
    [task] = ana.get("/v1/me/tasks").json()["tasks"]
    assert [row["name"] for row in task["claims"]] == ["Bo Lind"]
    assert bo.post(f"/v1/gates/{gate.pk}/claim").json()["reason"] == "already_claimed"
    assert bo.post(f"/v1/gates/{gate.pk}/release").json()["applied"] is True


def test_machine_that_claims_is_refused_and_named_in_the_history(world):
    gate = open_gate(world)

    refused = Api(world.sender_secret).post(f"/v1/gates/{gate.pk}/claim")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "human_step")
    assert details(gate_of(gate.intent).intent, "attempt_refused")["tried"] == "claim"


def test_whoever_claimed_is_not_reminded(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 600, "interval": 600, "max": 3})])
    with frozen_clock() as traveller:
        gate = open_gate(world)
        claim(gate.pk, world.bo, via="web")
        fast_forward(traveller, 660)
        announce_due()

    told = Delivery.objects.filter(purpose="reminder").values_list("address", flat=True)
    assert set(told) == {"ana@acme.example", "cy@acme.example"}
