"""Agents that say how they are, and that are stopped: nothing is handed to them and nothing is taken from them."""

from datetime import timedelta

import pytest

from approvals.models import Membership
from intents import clock
from intents.lifecycle import StepStatus
from intents.models import Agent, AgentMetrics, ServiceAccount, Step
from intents.services.handout import Killed, hand_out
from intents.services.mesh import recall_killed
from intents.sweeps import wake_due
from intents.tasks import wake
from tests.acts import current_step, details, ending, fresh, frozen_clock, history, neighbours, take_work
from tests.changes import changes, newest
from tests.conftest import Api
from tests.factories import make_agent, make_key, make_policy, send
from tests.intents.test_api_accounts import SENDS, refusal
from tests.intents.test_api_keys import PING, account, keys

MESH = "/v1/mesh/agents"
VALIDATOR = f"{MESH}/infra-validator"


@pytest.fixture
def passing(world):
    """Work reaches the agent without a gate."""
    make_policy(world.workspace, "allow", "approve", types=("*",))
    return world


@pytest.fixture
def worker(world) -> Api:
    return Api(world.work_secret)


def beat(worker, **metrics):
    return worker.post("/v1/mesh/heartbeat", {"metrics": metrics} if metrics else None)


def kill(api):
    return api.post(f"{VALIDATOR}/kill")


def test_heartbeat_makes_an_agent_healthy(world, api, worker):
    before = api.get(VALIDATOR).json()["agent"]["health"]

    answer = beat(worker).json()

    assert (before, answer["agent"]["health"]) == ("unreachable", "healthy")
    assert api.get(VALIDATOR).json()["agent"]["last_heartbeat_at"] is not None


def test_heartbeats_add_up_what_the_agent_reports(world, api, worker):
    beat(worker, intents_total=2, intents_succeeded=1, intents_failed=1, avg_latency_ms=10, cost_usd=0.5)
    beat(worker, intents_total=6, intents_succeeded=6, avg_latency_ms=30.0)

    metrics = api.get(VALIDATOR).json()["agent"]["metrics"]

    assert (metrics["intents_total"], metrics["intents_succeeded"], metrics["intents_failed"]) == (8, 7, 1)
    assert (metrics["avg_latency_ms"], metrics["cost_usd"]) == (25.0, 0.5)


def test_heartbeat_without_metrics_is_written_at_most_once_a_minute(world, worker):
    with frozen_clock() as time:
        written = []
        for _ in range(4):
            beat(worker)
            written.append(AgentMetrics.objects.get().beat_at)
            time.shift(timedelta(seconds=25))

    assert len(set(written)) == 2


@pytest.mark.parametrize(
    "metrics",
    [
        {"intents_total": -1},
        {"intents_total": 10**9 + 1},
        {"intents_total": 1.5},
        {"intents_total": "3"},
        {"avg_latency_ms": True},
        {"cost_usd": "1"},
        {"cost_usd": 1e300},
    ],
)
def test_heartbeat_is_refused_when_its_numbers_are_none(world, worker, metrics):
    assert refusal(beat(worker, **metrics)) == (422, "schema_invalid")
    assert not AgentMetrics.objects.exists()


def test_heartbeat_comes_from_an_agents_own_key(world, api):
    assert refusal(beat(api)) == refusal(beat(Api(token=world.tokens["ana"]))) == (403, "invalid_scope")


def test_agents_are_listed_by_health_and_of_this_workspace_only(world, api, worker):
    make_agent(neighbours().workspace, "theirs")
    make_agent(world.workspace, "silent")
    beat(worker)

    everyone = api.get(MESH).json()["agents"]

    assert [agent["health"] for agent in everyone] == ["healthy", "unreachable"]
    assert [agent["display_name"] for agent in api.get(f"{MESH}?health=unreachable").json()["agents"]] == ["silent"]
    assert len(api.get(f"{MESH}?limit=1").json()["agents"]) == 1
    assert refusal(api.get(f"{MESH}?health=well")) == (422, "invalid_parameter")


def test_agent_is_found_by_its_id_and_by_its_address_and_in_no_other_workspace(world, api):
    agent_id = api.get(MESH).json()["agents"][0]["address_id"]
    stranger = Api(neighbours().sender_secret)

    for name in (agent_id, world.agent.address, "infra-validator"):
        assert api.get(f"{MESH}/{name}").json()["agent"]["address"] == world.agent.address
    assert refusal(stranger.get(f"{MESH}/{agent_id}")) == (404, "agent_not_found")
    assert refusal(stranger.post(f"{MESH}/{agent_id}/kill")) == (404, "agent_not_found")


def test_killed_agent_gets_no_work_and_its_work_waits(passing, api):
    kill(api)

    answer = api.post("/v1/intents", PING).json()

    assert any("was stopped" in warning for warning in answer["warnings"])
    with pytest.raises(Killed):
        hand_out(passing.agent)
    assert Step.objects.get().status == StepStatus.READY


def test_killed_agent_gets_no_work_that_was_there_before(passing, api):
    intent = send(passing)
    stale = Agent.objects.get(pk=passing.agent.pk)
    kill(api)

    with pytest.raises(Killed):
        hand_out(stale)
    assert current_step(intent).status == StepStatus.READY
    assert current_step(intent).attempt == 0


def test_what_a_killed_agent_holds_is_taken_back_by_the_next_tick(passing, api):
    intents = [send(passing) for _ in range(3)]
    for _ in intents:
        take_work(passing)
    kill(api)

    wake()

    for intent in intents:
        assert (fresh(intent).status, fresh(intent).waiting_reason) == ("WAITING", "WAITING_FOR_AGENT")
        assert history(intent)[-1] == "lease_revoked"
        assert details(intent, "lease_revoked")["reason"] == "agent_killed"
        assert current_step(intent).lease_until is None
    assert recall_killed() == 0


def test_late_result_of_a_killed_agent_is_refused_and_changes_nothing(passing, api, worker):
    intent = send(passing)
    handle = take_work(passing)["intent_id"]
    kill(api)

    for answer in (
        worker.post(f"/v1/intents/{handle}/resume", {"done": True}),
        worker.post(f"/v1/intents/{handle}/resolve", {"status": "COMPLETED", "result": {}}),
        worker.post(f"/v1/intents/{handle}/controls", {"controls_patch": {"checkpoint": 1}}),
        Api(passing.work_secret, passing.tokens["ana"]).post(f"/v1/intents/{handle}/resume", {"done": True}),
    ):
        assert refusal(answer) == (403, "agent_killed")
    assert current_step(intent).ended_at is None


def test_killed_agents_keys_open_nothing_but_the_heartbeat(passing, api, worker):
    kill(api)

    for path in ("/v1/intents", "/v1/agents", VALIDATOR, "/v1/capabilities", "/v1/mesh/events"):
        assert refusal(worker.get(path)) == (403, "agent_killed")
    assert beat(worker).json()["agent"]["health"] == "killed"
    assert Agent.objects.get(pk=passing.agent.pk).killed_at is not None


def test_killed_agents_account_sends_nothing_either(passing, api):
    account_id = account(api, "bot", agent_address="release-bot")
    sender = Api(api.post(keys(account_id), SENDS).json()["key"]["token"])
    assert sender.post("/v1/intents", PING).status_code == 200

    api.post(f"{MESH}/release-bot/kill")

    assert refusal(sender.post("/v1/intents", PING)) == (403, "agent_killed")
    beside = Api(sender.headers["HTTP_X_API_KEY"], passing.tokens["ana"])
    assert refusal(beside.post("/v1/intents", PING)) == (403, "agent_killed")


def test_resumed_agent_goes_on_where_it_was(passing, api, worker):
    intent = send(passing)
    take_work(passing)
    kill(api)
    wake()

    api.post(f"{VALIDATOR}/resume")

    frame = take_work(passing)
    assert frame["delivery_attempt"] == 2
    assert worker.post(f"/v1/intents/{frame['intent_id']}/resume", {"done": True}).json()["applied"]
    assert ending(intent)["result"] == {"done": True}


def test_kill_and_resume_say_whether_they_changed_anything(world, api):
    answers = [api.post(f"{VALIDATOR}/{verb}").json() for verb in ("resume", "kill", "kill", "resume")]

    assert [answer["applied"] for answer in answers] == [False, True, False, True]
    assert [answer["agent"]["health"] for answer in answers[1:]] == ["killed", "killed", "unreachable"]
    assert [answer["agent"]["status"] for answer in answers[1:]] == ["suspended", "suspended", "active"]


def test_agent_cannot_resume_itself(passing, api):
    account_id = account(api, "bot", agent_address="release-bot")
    own = api.post(keys(account_id), SENDS | {"scopes": ["send", "work", "provision"]}).json()["key"]
    child_account = account(Api(own["token"]), "child")
    child = Api(own["token"]).post(keys(child_account), {"scopes": ["provision"]}).json()["key"]
    assert api.post(f"{MESH}/release-bot/kill").json()["applied"]

    for key in (own, child):
        assert refusal(Api(key["token"]).post(f"{MESH}/release-bot/resume")) == (403, "agent_killed")
    assert api.post(f"{MESH}/release-bot/resume").json()["applied"]


def test_agents_are_stopped_by_provisioners_and_admins_only(world, worker):
    plain = Api(make_key(world.workspace, "plain", ("send",))[1])
    cy = Api(token=world.tokens["cy"])

    for caller in (plain, worker, cy):
        assert refusal(kill(caller)) == (403, "invalid_scope")
    Membership.objects.filter(person=world.cy).update(is_admin=True)
    assert kill(cy).json()["agent"]["killed_by"] == "person:cy@acme.example"


def test_killing_enters_the_workspaces_chain_and_the_mesh_events(world, api):
    kill(api)
    api.post(f"{VALIDATOR}/resume")

    assert changes(world.workspace)[-2:] == ["agent.killed", "agent.resumed"]
    assert newest(world.workspace)[3]["killed_at"] is None
    events = api.get("/v1/mesh/events").json()["events"]
    assert [event["event_type"] for event in events][:2] == ["agent.resumed", "agent.killed"]
    only = api.get("/v1/mesh/events?event_type=agent.killed&limit=5").json()["events"]
    assert [(event["event_type"], event["actor"]) for event in only] == [("agent.killed", "key:sender")]
    assert [event["event_type"] for event in api.get(VALIDATOR).json()["events"]][:1] == ["agent.resumed"]


def test_work_that_waits_for_a_killed_agent_is_told_after_five_minutes_though_it_listens(passing, api):
    with frozen_clock() as time:
        intent = send(passing)
        take_work(passing)
        kill(api)
        recall_killed()
        time.shift(timedelta(minutes=5, seconds=1))
        Agent.objects.filter(pk=passing.agent.pk).update(last_seen_at=clock.now())

        wake_due()

    assert history(intent)[-1] == "waiting"
    assert details(intent, "waiting")["reason"] == "agent_killed"


def test_an_account_without_an_agent_is_never_stopped(world, api):
    kill(api)

    assert ServiceAccount.objects.get(name="sender").agent is None
    assert api.get("/v1/intents").status_code == 200
