"""Who may decide: an active member with a seat and the right to, who is not bound up with the request."""

import pytest

from approvals.models import Decision, Gate, Seat, Team
from approvals.selectors import gates_for, may_decide, pending_people, progress, waiting_sentence
from approvals.services.told import mark_unreachable
from intents.models import Intent, ServiceAccount
from intents.services.verify import chain_fits
from tests.acts import details, fresh, gate_of, history, say
from tests.conftest import Api
from tests.factories import (
    gate_rule,
    make_key,
    make_person,
    make_policy,
    make_team,
    make_token,
    make_workspace,
    open_gate,
)

TYPE = "intent.infra.change.v1"


def sent(api, **fields) -> Gate:
    answer = api.post("/v1/intents", {"intent_type": TYPE, "to_agent": "human", "payload": {}, **fields})
    return gate_of(Intent.objects.get(pk=answer.json()["intent_id"]))


@pytest.mark.parametrize("why", ["left", "lost the right", "switched off", "left the team before"])
def test_decide_refuses_those_who_may_not_any_more(world, why):
    if why == "left the team before":
        world.ana.teams.clear()
    gate = open_gate(world)
    match why:
        case "left":
            world.ana.memberships.update(is_active=False)
        case "lost the right":
            world.ana.memberships.update(can_decide=False)
        case "switched off":
            world.ana.is_active = False
            world.ana.save()

    refused = say(gate, world.ana)

    assert (refused.code, refused.status) == ("not_eligible", 403)
    assert not Decision.objects.exists()


def test_decide_keeps_the_seats_of_the_opening(world):
    gate = open_gate(world)
    late = make_person(world.workspace, "late@acme.example")
    late.teams.add(Team.objects.get(name="sre"))
    world.ana.teams.clear()

    assert may_decide(gate, world.ana) is None
    assert may_decide(gate, late) is not None


def test_vote_of_somebody_who_left_does_not_count(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    say(gate, world.ana)
    world.ana.memberships.update(is_active=False)

    say(gate, world.bo)

    assert gate_of(gate.intent).is_open
    assert [line.have for line in progress(gate)] == [1]


BOUND_UP = {
    "requester": lambda world, secret: ({"requested_by": "ana@acme.example"}, Api(world.sender_secret)),
    "key owner": lambda world, secret: ({}, Api(secret)),
    "key owner behind another requester": lambda world, secret: ({"requested_by": "cy@acme.example"}, Api(secret)),
    "own token": lambda world, secret: ({}, Api(world.sender_secret, world.tokens["ana"])),
    "own token behind another requester": lambda world, secret: (
        {"requested_by": "cy@acme.example"},
        Api(world.sender_secret, world.tokens["ana"]),
    ),
    "author in the payload": lambda world, secret: (
        {"payload": {"author": "ana@acme.example"}},
        Api(world.sender_secret),
    ),
    "one of several authors": lambda world, secret: (
        {"payload": {"author": ["x@elsewhere.example", "ANA@acme.example"]}},
        Api(world.sender_secret),
    ),
}


@pytest.mark.parametrize("case", BOUND_UP.values(), ids=BOUND_UP)
def test_four_eyes_refuses_whoever_is_bound_up_with_the_request(world, case):
    make_policy(world.workspace, gates=[gate_rule("team:sre")], author_fields=["author"])
    _, secret = make_key(world.workspace, "owned", ("send",), owners=[world.ana.ref])
    fields, api = case(world, secret)
    gate = sent(api, **fields)

    refused = say(gate, world.ana)

    assert (refused.code, refused.status) == ("four_eyes", 403)
    assert world.ana not in pending_people(gate)
    assert say(gate, world.bo).recorded


def test_four_eyes_holds_for_who_owns_the_service_account_by_now(world):
    _, secret = make_key(world.workspace, "shared", ("send",), owners=[world.bo.ref])
    ServiceAccount.objects.filter(name="shared").update(owners=[world.ana.ref])

    gate = sent(Api(secret))

    assert [say(gate, person).code for person in (world.ana, world.bo)] == ["four_eyes", "four_eyes"]


def test_author_fields_only_exclude_and_never_admit(world):
    dee = make_person(world.workspace, "dee@acme.example")
    make_policy(world.workspace, gates=[gate_rule("team:sre")], author_fields=["author"])

    gate = sent(Api(world.sender_secret), payload={"author": "dee@acme.example"})

    assert say(gate, dee).code == "four_eyes"
    assert not Seat.objects.filter(gate=gate, person=dee).exists()


def test_refused_attempt_is_an_event_with_its_name_and_reason(world):
    gate = open_gate(world)
    dee = make_person(world.workspace, "dee@acme.example")

    say(gate, dee)

    refused = details(gate.intent, "decision_refused")
    assert (refused["by"], refused["code"], refused["via"]) == ("dee@acme.example", "not_eligible", "web")
    assert chain_fits(fresh(gate.intent))


@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k1"}], ids=["plain", "idempotent"])
def test_refused_attempt_over_the_wire_is_kept_each_time(world, headers):
    gate = open_gate(world)
    dee = Api(token=make_token(make_person(world.workspace, "dee@acme.example"), world.workspace))

    answers = [dee.post(f"/v1/approvals/{gate.pk}/decision", {"decision": "approve"}, **headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert history(gate.intent).count("decision_refused") == 2


def test_person_of_another_workspace_neither_sees_nor_decides(world):
    gate = open_gate(world)
    other = make_workspace("other", "production")
    zoe = make_person(other, "zoe@other.example")
    make_team(other, "sre", zoe)

    assert say(gate, zoe).code == "not_eligible"
    assert not gates_for(zoe).exists()


def test_everybody_unreachable_escalates_now_and_takes_no_right_away(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", escalate_to=["person:cy@acme.example"])])
    gate = open_gate(world)

    for person in (world.ana, world.bo):
        mark_unreachable(gate.pk, person.pk, "mailbox full")
        assert "escalated" not in history(gate.intent)
    mark_unreachable(gate.pk, world.cy.pk, "bounced")
    mark_unreachable(gate.pk, world.cy.pk, "bounced again")

    assert history(gate.intent).count("escalated") == 1
    assert history(gate.intent).count("person_unreachable") == 3
    assert say(gate, world.ana).recorded


def test_inbox_lists_open_gates_by_expiry_and_closed_ones_apart(world):
    make_policy(
        world.workspace,
        "slow",
        types=("intent.infra.slow.*",),
        gates=[gate_rule("team:sre", deadline=7200)],
        position=1,
    )
    make_policy(world.workspace, "fast", gates=[gate_rule("team:sre", deadline=600)], position=2)
    slow = open_gate(world, intent_type="intent.infra.slow.v1")
    fast, done = open_gate(world), open_gate(world)
    say(done, world.bo)

    assert list(gates_for(world.ana)) == [fast, slow]
    assert list(gates_for(world.ana, state="closed")) == [done]


def test_waiting_sentence_names_one_and_counts_the_others(world):
    gate = open_gate(world)
    assert waiting_sentence(gate) == "sre (Ana Ruiz and 2 others)"

    world.ana.memberships.update(is_active=False)
    world.bo.memberships.update(is_active=False)
    assert waiting_sentence(gate) == "sre (Cy Okafor)"
