"""Moving a gate's deadline: by whom, how far, and who is told."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from approvals.models import Gate
from approvals.services.extend import extend
from intents import clock
from intents.models import Intent
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.acts import details, everybody_told, fast_forward, fresh, frozen_clock, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate

WHY = "Ana is on a train."


@pytest.fixture
def extendable(world: SimpleNamespace) -> SimpleNamespace:
    """An hour, and two more for whom the team boss names."""
    world.di = make_person(world.workspace, "di@acme.example", "Di Sato")
    make_team(world.workspace, "boss", world.di, world.bo)
    make_policy(world.workspace, gates=[gate_rule("team:sre", extend={"who": ["team:boss"], "most": 7200})])
    return world


def until(gate: Gate) -> timedelta:
    return Gate.objects.get(pk=gate.pk).expires_at - gate.opened_at


def test_deadline_is_later_and_recorded_with_its_reason(extendable):
    with frozen_clock():
        gate = open_gate(extendable)

        said = extend(gate.pk, extendable.bo, 3600, WHY, via="web")

        assert said.recorded, said
        assert until(gate) == timedelta(hours=2)
        assert fresh(gate.intent).wake_at == gate.opened_at + timedelta(hours=2)
    assert details(gate.intent, "extended") == {
        "gate_id": str(gate.pk),
        "by": "bo@acme.example",
        "name": "Bo Lind",
        "why": WHY,
        "via": "web",
        "from": "2026-03-02T13:00:00.000Z",
        "to": "2026-03-02T14:00:00.000Z",
    }


def test_gate_takes_answers_until_the_new_deadline_and_then_ends(extendable):
    with frozen_clock() as traveller:
        gate, other = open_gate(extendable), open_gate(extendable)
        for each in (gate, other):
            extend(each.pk, extendable.bo, 3600, WHY, via="web")

        fast_forward(traveller, 7100)
        assert say(gate, extendable.ana).recorded
        fast_forward(traveller, 200)

    assert Gate.objects.get(pk=other.pk).outcome == "expired"


def test_people_who_were_asked_and_the_requester_are_told(extendable, settings):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    gate = open_gate(extendable, requested_by="di@acme.example")
    extend(gate.pk, extendable.bo, 3600, WHY, via="web")

    announce_due()
    deliver_due()

    told = Delivery.objects.filter(purpose="extension").values_list("address", flat=True)
    assert set(told) == {f"{name}@acme.example" for name in ("ana", "bo", "cy", "di")}
    mail = KeptMail.objects.get(to="di@acme.example", subject__startswith="More time, until ")
    assert f"> {WHY}" in mail.text


def test_extend_never_passes_the_hard_limit(extendable):
    gate = open_gate(extendable)
    extend(gate.pk, extendable.bo, 7000, WHY, via="web")

    said = extend(gate.pk, extendable.bo, 201, WHY, via="web")

    assert (said.code, said.status, said.details["seconds"]) == ("past_the_limit", 409, 200)
    assert until(gate) == timedelta(seconds=3600 + 7000)
    assert extend(gate.pk, extendable.bo, 200, WHY, via="web").recorded
    assert until(gate) == timedelta(seconds=3600 + 7200)
    assert extend(gate.pk, extendable.bo, 60, WHY, via="web").code == "past_the_limit"


def test_extension_never_passes_the_intents_deadline_which_stays(extendable):
    ends = clock.now() + timedelta(seconds=5400)
    gate = open_gate(extendable, deadline_at=ends)

    said = extend(gate.pk, extendable.bo, 3600, WHY, via="web")

    assert said.code == "past_the_limit"
    assert fresh(gate.intent).deadline_at == gate.intent.deadline_at
    assert extend(gate.pk, extendable.bo, 1700, WHY, via="web").recorded


def test_silence_that_approves_waits_for_the_new_deadline(world):
    rule = gate_rule("team:sre", on_timeout="approve", extend={"who": ["team:sre"], "most": 7200})
    make_policy(world.workspace, gates=[rule])
    with frozen_clock() as traveller:
        gate = open_gate(world)
        everybody_told(gate)
        extend(gate.pk, world.bo, 3600, WHY, via="web")

        fast_forward(traveller, 3700)
        assert Gate.objects.get(pk=gate.pk).is_open
        fast_forward(traveller, 3700)

    assert Gate.objects.get(pk=gate.pk).reason == "timeout"


@pytest.mark.parametrize(
    ("who", "seconds", "why", "code", "status"),
    [
        ("ana", 600, WHY, "may_not_extend", 403),
        ("zoe", 600, WHY, "may_not_extend", 403),
        ("bo", 600, " ", "text_required", 422),
        ("bo", 600, "x" * 2001, "text_too_long", 422),
        ("bo", 59, WHY, "too_short", 422),
        ("bo", -600, WHY, "too_short", 422),
    ],
)
def test_extension_is_refused_when(extendable, who, seconds, why, code, status):
    gate = open_gate(extendable)
    person = neighbours().zoe if who == "zoe" else extendable.people[who]

    said = extend(gate.pk, person, seconds, why, via="web")

    assert (said.code, said.status) == (code, status)
    assert until(gate) == timedelta(hours=1)
    assert "extended" not in history(gate.intent)


def test_extension_is_refused_when_one_is_bound_up_with_the_request(extendable):
    gate = open_gate(extendable, requested_by="bo@acme.example")

    assert extend(gate.pk, extendable.bo, 600, WHY, via="web").code == "may_not_extend"


def test_extension_is_refused_when_the_policy_says_nothing_of_it(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    assert extend(open_gate(world).pk, world.bo, 600, WHY, via="web").code == "not_extendable"


def test_extension_is_refused_when_only_one_of_two_policies_allows_it(world):
    rule = gate_rule("team:sre", extend={"who": ["team:sre"], "most": 7200}, place="after")
    make_policy(world.workspace, "first", gates=[rule], position=1, **{"continue": True})
    make_policy(world.workspace, "second", gates=[gate_rule("team:sre")], position=2)

    gate = open_gate(world, human_task={"title": "both of one"})

    assert "first" in gate.source
    assert "second" in gate.source
    assert extend(gate.pk, world.bo, 600, WHY, via="web").code == "not_extendable"


def test_extension_is_refused_when_the_gate_is_settled_or_its_time_ran_out(extendable):
    with frozen_clock() as traveller:
        gate, late = open_gate(extendable), open_gate(extendable)
        say(gate, extendable.ana)
        traveller.shift(3601)

        assert extend(gate.pk, extendable.bo, 600, WHY, via="web").code == "gate_closed"
        assert extend(late.pk, extendable.bo, 600, WHY, via="web").code == "expired"


def test_extension_goes_over_the_wire(extendable):
    gate = open_gate(extendable)
    bo = Api(token=extendable.tokens["bo"])

    said = bo.post(f"/v1/gates/{gate.pk}/extend", {"seconds": 600, "reason": WHY}).json()

    assert (said["applied"], said["deadline"]) == (True, details(gate.intent, "extended")["to"])
    refused = bo.post(f"/v1/gates/{gate.pk}/extend", {"seconds": 7200, "reason": WHY})
    assert (refused.status_code, refused.json()["error"]["details"]["seconds"]) == (409, 6600)
    assert Intent.objects.get().wake_at == Gate.objects.get().expires_at
