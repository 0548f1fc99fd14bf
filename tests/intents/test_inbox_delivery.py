"""The answer to an intent lies in the inbox of `reply_to`, once, in the transaction that ends the intent."""

import gzip
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Unmatched
from intents.models import Inbox, Intent, IntentTexts, Outbox, Thread, ThreadEntry
from intents.services.archive import archive
from intents.services.bulk import cancel_each
from intents.services.durable import durable
from intents.services.inbox import Draft, append, completion_delivery
from intents.services.lock import locked_intent
from intents.timeline import Kind
from tests.acts import bundle, ending, fast_forward, finish_work, fresh, frozen_clock, gate_of, neighbours, say, signoff
from tests.conftest import Api
from tests.factories import make_key, make_policy, make_world, send
from tests.intents.inboxes import HELPER, PLANNER, answered, asked, kinds, thread, with_agents
from tests.intents.test_api_accounts import refusal

CREATE = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {"target": "prod"}}


@pytest.fixture
def world(db):
    return with_agents(make_world())


def test_the_answer_lies_in_the_inbox_when_a_person_has_decided(world):
    intent = answered(world)

    shown = thread(world.planner, intent)

    assert (shown["thread_id"], shown["intent_id"], shown["owner_agent"]) == (str(intent.pk), str(intent.pk), PLANNER)
    assert (shown["status"], kinds(shown)) == ("done", ["waiting", "ended"])
    end = shown["timeline"][-1]["details"]
    stored = fresh(intent).texts.result
    assert end["completion"] == ending(intent) | {"at": end["completion"]["at"]}
    assert end["completion"]["summary"] in stored
    assert (end["withheld"], end["completion"]["payload"]) == (False, {"target": "prod-postgres-main"})


def test_the_thread_is_pending_when_a_gate_waits_and_active_when_an_agent_works(world):
    make_policy(world.workspace, gates=[{"place": "before", "requirement": [{"who": ["team:sre"], "need": 1}]}])
    intent = send(world, reply_to="planner")
    waiting = thread(world.planner, intent)
    say(gate_of(intent), world.ana)

    working = thread(world.planner, intent)

    assert (waiting["status"], waiting["timeline"][0]["details"]["gate_id"]) == ("pending", str(intent.gates.get().pk))
    assert (working["status"], kinds(working)) == ("active", ["waiting"])


def withdraw(world, intent):
    api = Api(world.sender_secret)
    assert api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "CANCELED"}).status_code == 200


def bulk_cancel(world, intent):
    assert cancel_each(world.principal, [intent.pk], "") == [intent.pk]


def refuse(world, intent):
    say(gate_of(intent), world.bo, "rejected")


@pytest.mark.parametrize("end", [withdraw, bulk_cancel, refuse])
def test_there_is_one_end_in_the_inbox_when_somebody_ends_the_intent(world, end):
    intent = asked(world)

    end(world, intent)

    assert kinds(thread(world.planner, intent)) == ["waiting", "ended"]
    assert thread(world.planner, intent)["timeline"][-1]["details"]["intent_status"] == "CANCELED"


def test_there_is_one_end_in_the_inbox_when_time_runs_out(world):
    with frozen_clock() as clock:
        intent = asked(world)

        fast_forward(clock, timedelta(days=3).total_seconds())

        assert fresh(intent).status == "TIMED_OUT"
        assert kinds(thread(world.planner, intent)) == ["waiting", "ended"]


def test_there_is_one_end_in_the_inbox_when_a_policy_denies_at_submit(world):
    make_policy(world.workspace, action="deny")

    intent = send(world, reply_to="planner")

    assert kinds(thread(world.planner, intent)) == ["ended"]
    assert thread(world.planner, intent)["timeline"][0]["details"]["completion"]["outcome"] == "denied"


def test_there_is_one_end_in_the_inbox_when_the_agent_has_done_its_work(db):
    world = with_agents(make_world(Unmatched.APPROVE))
    intent = send(world, reply_to="planner")

    finish_work(world, intent, n=1)

    assert thread(world.planner, intent)["timeline"][-1]["details"]["completion"]["result"] == {"n": 1}


def test_each_gate_is_told_when_the_plan_has_two(world):
    gate = {"requirement": [{"who": ["team:sre"], "need": 1}]}
    make_policy(world.workspace, gates=[{"place": "before", **gate}, {"place": "after", **gate}])
    intent = send(world, reply_to="planner")
    say(gate_of(intent), world.ana)
    finish_work(world, intent, n=1)

    assert kinds(thread(world.planner, intent)) == ["waiting", "waiting"]
    say(gate_of(intent), world.ana)
    assert kinds(thread(world.planner, intent)) == ["waiting", "waiting", "ended"]


class Killed(Exception):
    """The process ends before the commit."""


def decided_and_killed(world, intent):
    with durable():
        say(gate_of(intent), world.ana)
        assert kinds(thread(world.planner, intent)) == ["waiting", "ended"]
        raise Killed


def test_nothing_is_in_the_inbox_when_the_ending_transaction_rolls_back(world):
    intent = asked(world)

    with pytest.raises(Killed):
        decided_and_killed(world, intent)

    assert fresh(intent).status == "WAITING"
    assert kinds(thread(world.planner, intent)) == ["waiting"]
    assert ThreadEntry.objects.count() == Inbox.objects.get().cursor == 1


def test_an_intent_is_told_to_have_ended_only_once(world):
    intent = answered(world)
    row = Thread.objects.get(pk=intent.pk)

    with pytest.raises(Exception, match=r"(?i)unique|duplicate"), locked_intent(intent.pk) as locked:
        append(locked, row, "server", Draft(Kind.ENDED, row.inbox))

    assert kinds(thread(world.planner, intent)) == ["waiting", "ended"]


def test_creating_costs_no_query_more_when_there_is_no_reply_to(world, api):
    with CaptureQueriesContext(connection) as queries:
        assert api.post("/v1/intents", CREATE).status_code == 200

    touched = [query["sql"] for query in queries if "thread" in query["sql"] or "inbox" in query["sql"]]
    assert touched == []
    assert not Thread.objects.exists()


def test_ending_costs_no_query_more_when_there_is_no_reply_to(world):
    gate = gate_of(send(world, to_agent="human"))

    with CaptureQueriesContext(connection) as queries:
        say(gate, world.ana)

    assert not [query["sql"] for query in queries if "thread" in query["sql"] or "_inbox" in query["sql"]]


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("not an address", 422, "invalid_agent_address"),
        ("agent://a/b/c/d", 422, "invalid_agent_address"),
        ("human", 422, "invalid_agent_address"),
        ("agent://other/production/planner", 403, "foreign_workspace"),
    ],
)
def test_create_is_refused_when_reply_to_is_no_agent_of_the_workspace(world, api, address, status, code):
    answer = api.post("/v1/intents", CREATE | {"reply_to": address})

    assert refusal(answer) == (status, code)
    assert not Intent.objects.exists()


def test_create_is_refused_when_the_key_may_not_send_to_reply_to(world):
    _, secret = make_key(world.workspace, "limited", ("send",), targets=["agent://acme/production/h*"])

    refused = Api(secret).post("/v1/intents", CREATE | {"reply_to": PLANNER})
    taken = Api(secret).post("/v1/intents", CREATE | {"reply_to": HELPER})

    assert refusal(refused) == (403, "target_not_allowed")
    assert taken.status_code == 200


def test_create_takes_the_keys_own_agent_as_reply_to_whatever_its_targets(world):
    agent = world.workspace.agents.get(name="planner")
    _, secret = make_key(
        world.workspace, "both", ("send", "work"), agent=agent, targets=["agent://acme/production/human"]
    )

    answer = Api(secret).post("/v1/intents", CREATE | {"reply_to": "planner"})

    assert answer.status_code == 200


def test_an_unknown_reply_to_is_a_warning_and_the_answer_waits_there(world, api):
    answer = api.post("/v1/intents", CREATE | {"reply_to": "later"}).json()

    assert any("agent://acme/production/later" in text for text in answer["warnings"])
    assert Inbox.objects.get().address == "agent://acme/production/later"


def test_an_unknown_reply_to_is_refused_where_the_workspace_says_so(world, api):
    type(world.workspace).objects.update(unknown_agent_is_error=True)

    assert refusal(api.post("/v1/intents", CREATE | {"reply_to": "later"})) == (404, "agent_not_found")


def test_the_intent_shows_reply_to_in_full(world, api):
    created = api.post("/v1/intents", CREATE | {"reply_to": "planner"}).json()

    assert api.get(f"/v1/intents/{created['intent_id']}").json()["intent"]["reply_to"] == PLANNER


def test_resolve_says_where_the_answer_was_delivered(world, api):
    intent = asked(world)

    told = api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "CANCELED"}).json()["completion_delivery"]

    entry = thread(world.planner, intent)["timeline"][-1]
    where = {key: told[key] for key in ("delivered", "reply_to", "owner_agent", "thread_id", "message_id")}
    assert where == {
        "delivered": True,
        "reply_to": PLANNER,
        "owner_agent": PLANNER,
        "thread_id": str(intent.pk),
        "message_id": entry["event_id"],
    }
    assert (told["completion"]["intent_status"], told["completion"]["outcome"]) == ("CANCELED", "withdrawn")


def test_resolve_says_that_nothing_was_delivered_when_the_intent_goes_on(world):
    scenario = bundle({"step_id": "a", "tool_id": "tool.agent.task.v1", "assigned_to": "validator"}, signoff())
    created = Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()
    texts = IntentTexts.objects.get(pk=created["intent_id"])
    texts.request["reply_to"] = PLANNER
    texts.save()

    answer = Api(world.work_secret).post(f"/v1/intents/{created['intent_id']}/resolve", {"status": "COMPLETED"}).json()

    told = answer["completion_delivery"]
    assert told == {"delivered": False, "reason": "not_final", "reply_to": PLANNER}


@pytest.mark.parametrize("rubbish", ["agent://other/place/name", "no address at all", "a//b"])
def test_an_intent_that_was_sent_before_reply_to_was_checked_still_ends(world, rubbish):
    intent = send(world, to_agent="human")
    texts = fresh(intent).texts
    texts.request["reply_to"] = rubbish
    texts.save()

    say(gate_of(intent), world.ana)

    assert fresh(intent).status == "COMPLETED"
    assert completion_delivery(fresh(intent)) == {"delivered": False, "reason": "reply_to_not_set"}
    assert not Thread.objects.exists()


def test_a_neighbour_with_the_same_agent_name_gets_nothing(world):
    other = neighbours()
    answered(world)

    assert not Inbox.objects.filter(workspace=other.workspace).exists()


def test_the_receipt_is_in_the_thread_for_whom_it_is_meant_and_for_nobody_else(world):
    agent = world.workspace.agents.get(name="planner")
    _, secret = make_key(world.workspace, "asks", ("send", "work"), agent=agent)
    created = Api(secret).post("/v1/intents", CREATE | {"reply_to": "planner"}).json()
    intent = Intent.objects.get(pk=created["intent_id"])
    say(gate_of(intent), world.ana)

    own, other = (thread(api, intent)["timeline"][-1]["details"]["completion"] for api in (Api(secret), world.planner))

    assert own["receipt_id"] == other["receipt_id"]
    assert own["receipt"].count(".") == 2
    assert other["receipt"] is None


def test_an_archive_takes_the_thread_along(world, tmp_path):
    intent = answered(world)
    reply = world.planner.post(f"/v1/inbox/{intent.pk}/reply", {"message": "the-message"})
    assert reply.status_code == 200
    Outbox.objects.all().delete()

    path = archive(world.workspace, [intent.pk], tmp_path, "test")

    assert "the-message" in gzip.decompress(path.read_bytes()).decode()
    assert Thread.objects.count() == ThreadEntry.objects.count() == 0
    assert refusal(world.planner.get(f"/v1/inbox/{intent.pk}")) == (404, "thread_not_found")
    assert kinds(thread(world.planner, answered(world))) == ["waiting", "ended"]
