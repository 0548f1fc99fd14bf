"""Reading: who sees which intents, by which handles, and what they see."""

import pytest

from intents.ids import new_id
from intents.models import Intent
from tests.acts import agent_task, bundle, finish_work, gate_of, neighbours, say, take_work
from tests.conftest import Api
from tests.factories import gate_rule, make_agent, make_key, make_person, make_policy, make_token, make_workspace, send

PASS = {"action": "approve", "types": ("intent.*",)}


@pytest.fixture
def passing(world) -> None:
    make_policy(world.workspace, **PASS)


def listed(api: Api, query: str = "") -> list[str]:
    return [row["intent_id"] for row in api.get(f"/v1/intents{query}").json()["intents"]]


def test_get_shows_everything_that_clients_read(world, api):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    intent = send(world, to_agent="infra-validator")

    body = api.get(f"/v1/intents/{intent.pk}").json()

    shown = body["intent"]
    assert (body["intent_id"], body["status"], body["payload"]) == (
        str(intent.pk),
        "WAITING",
        {"target": "prod-postgres-main"},
    )
    assert (shown["lifecycle_status"], shown["legacy_status"], shown["waiting_reason"]) == (
        "WAITING",
        "blocked",
        "WAITING_FOR_HUMAN",
    )
    assert shown["pending_with"]["type"] == "human"
    assert shown["result"] is None
    assert {"due_at", "deadline_at", "remind_count", "delivery_attempt", "policy_generation", "warnings"} <= set(shown)


@pytest.mark.parametrize("path", ["", "/events", "/resume", "/resolve"])
def test_intent_that_is_foreign_unknown_or_malformed_is_the_same_404(world, path):
    foreign = send(neighbours(), to_agent="human")
    mine = Api(world.sender_secret)
    call = mine.post if path in ("/resume", "/resolve") else mine.get

    answers = [call(f"/v1/intents/{handle}{path}") for handle in (foreign.pk, new_id(), "nonsense", "%20")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_sender_sees_its_own_intents_and_not_those_of_another_key(world, api):
    _, secret = make_key(world.workspace, "second", ("send",))
    intent = send(world)
    second = Api(secret)

    assert listed(api) == [str(intent.pk)]
    assert listed(second) == []
    assert second.get(f"/v1/intents/{intent.pk}").status_code == 404


def test_worker_sees_what_has_work_for_it_and_nothing_else(world, passing):
    make_agent(world.workspace, "payments")
    mine, other = send(world), send(world, to_agent="payments", intent_type="intent.pay.v1")
    worker = Api(world.work_secret)

    assert listed(worker) == [str(mine.pk)]
    assert worker.get(f"/v1/intents/{other.pk}").status_code == 404


def test_person_sees_the_intents_of_their_workspace_and_no_other(world):
    intent = send(world)
    other = make_workspace("other", "production")
    zoe = make_person(other, "zoe@other.example")

    assert listed(Api(token=world.tokens["bo"])) == [str(intent.pk)]
    assert listed(Api(token=make_token(zoe, other))) == []


def test_list_is_newest_first_and_takes_a_limit_and_statuses(world, api, passing):
    ended = send(world, to_agent="human")
    old, new = send(world), send(world)

    assert listed(api) == [str(row.pk) for row in (new, old, ended)]
    assert listed(api, "?limit=1") == [str(new.pk)]
    assert listed(api, "?status=COMPLETED") == [str(ended.pk)]
    assert listed(api, "?status=pending") == [str(new.pk), str(old.pk)]
    assert listed(api, "?status=completed,SUBMITTED&limit=200") == [str(row.pk) for row in (new, old, ended)]


@pytest.mark.parametrize("query", ["?limit=201", "?limit=-1", "?limit=1e3", "?limit=", "?limit=٣", "?status=DONE"])
def test_list_refuses_what_it_does_not_know(api, query):
    assert api.get(f"/v1/intents{query}").status_code == 422


def test_events_come_in_order_after_since(world, api):
    intent = send(world, to_agent="human")
    path = f"/v1/intents/{intent.pk}/events"

    everything = api.get(path).json()["events"]
    later = api.get(f"{path}?since=2").json()["events"]

    assert [event["seq"] for event in everything] == [1, 2, 3, 4]
    assert later == everything[2:]
    assert api.get(f"{path}?since=4").json()["events"] == []
    assert api.get(f"{path}?since=-1").status_code == 422


def test_waiting_event_says_for_whom_until_when_and_what_then(world, api):
    gate = gate_of(send(world, to_agent="human"))

    event = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"][-1]

    details = event["details"]
    assert (event["event_type"], event["waiting_reason"]) == ("intent.waiting", "WAITING_FOR_HUMAN")
    assert (details["gate_id"], details["approval_id"], details["digest"]) == (str(gate.pk), str(gate.pk), gate.digest)
    assert (details["waiting_for"], details["then"]) == ("sre (Ana Ruiz and 2 others)", "not approved")
    assert details["until"].endswith("Z")
    assert details["url"].endswith(f"/gates/{gate.pk}")


def test_decision_made_before_anybody_asks_is_there_at_once(world, api):
    gate = gate_of(send(world, to_agent="human"))
    say(gate, world.ana)

    last = api.get(f"/v1/intents/{gate.intent_id}/events").json()["events"][-1]
    shown = api.get(f"/v1/intents/{gate.intent_id}").json()["intent"]

    assert (last["status"], last["details"]["approved"]) == ("COMPLETED", True)
    assert {key: value for key, value in shown["result"].items() if key in last["details"]} == last["details"]


def test_later_agent_step_has_a_handle_of_its_own(world, api, passing):
    scenario = bundle(agent_task("a"), agent_task("b"))
    intent = Intent.objects.get(pk=api.post("/v1/scenarios/apply", scenario).json()["intent_id"])
    first = take_work(world)
    finish_work(world, intent, done="a")
    second = take_work(world)

    shown = Api(world.work_secret).get(f"/v1/intents/{second['intent_id']}").json()["intent"]

    assert first["intent_id"] == str(intent.pk)
    assert (shown["intent_id"], shown["delivery_attempt"]) == (second["intent_id"], 1)
    assert second["parent_intent_id"] == str(intent.pk)
    assert second["results"] == {"a": {"done": "a"}}
    events = [
        Api(world.work_secret).get(f"/v1/intents/{handle}/events").json() for handle in (intent.pk, second["intent_id"])
    ]
    assert events[0] == events[1]


def test_gate_and_its_step_are_no_handles_of_an_intent(world, api):
    gate = gate_of(send(world, to_agent="human"))

    assert api.get(f"/v1/intents/{gate.pk}").status_code == 404
    assert api.get(f"/v1/intents/{gate.step_id}").status_code == 404
