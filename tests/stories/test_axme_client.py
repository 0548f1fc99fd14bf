"""The stock `axme` client, unmodified but for its address and key, against a server process."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from axme import AxmeClient, AxmeClientConfig
from axme.exceptions import AxmeAuthError, AxmeHttpError, AxmeServerError, AxmeValidationError
from django.db import connection

from approvals.models import Gate
from intents.models import Agent, Intent
from intents.services.lock import locked_intent
from tests.factories import gate_rule, make_agent, make_key, make_policy, make_workspace
from tests.live import Live, serving

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WAITERS = 200
AGENT = "agent://acme/production/infra-validator"
LINE_BREAKS = "one\u2028two\u2029three\x85four\x0bfive\x0csix"
BUNDLE: dict[str, Any] = {
    "scenario_id": "infra.change-approval.v1",
    "agents": [{"role": "validator", "address": "new-validator", "create_if_missing": True}],
    "humans": [{"role": "sre", "display_name": "SRE"}],
    "workflow": {
        "steps": [
            {"step_id": "validate", "tool_id": "tool.agent.task.v1", "assigned_to": "validator"},
            {"step_id": "sign", "tool_id": "tool.approval.human_signoff", "assigned_to": "sre"},
        ]
    },
    "intent": {"type": "intent.infra.change.v1", "payload": {"target": "prod"}},
}


@pytest.fixture(scope="module")
def live(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for the whole file. It ticks nothing by itself, so what happens here is what requests make happen."""
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("live"), REDIS_URL="") as live:
        yield live


@pytest.fixture
def asking(world: SimpleNamespace) -> SimpleNamespace:
    """Infrastructure changes need one SRE, after the agent; everything else passes."""
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    make_policy(world.workspace, "allow", "approve", types=("*",), position=20)
    return world


@pytest.fixture
def sender(live: Live, asking: SimpleNamespace, connect) -> AxmeClient:
    """The program that asks."""
    return connect(live.url, asking.sender_secret)


@pytest.fixture
def agent(live: Live, asking: SimpleNamespace, connect) -> AxmeClient:
    """The program that does the work."""
    return connect(live.url, asking.work_secret)


@pytest.fixture
def ana(live: Live, asking: SimpleNamespace, connect) -> AxmeClient:
    """A person's program: her token beside the key that the client always sends."""
    return connect(live.url, asking.sender_secret, actor_token=asking.tokens["ana"])


def change(**more: Any) -> dict[str, Any]:
    """A change that people are asked about."""
    return {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {"target": "prod"}} | more


def chore(**more: Any) -> dict[str, Any]:
    """Work for the agent that nobody is asked about."""
    return {"intent_type": "intent.chore.v1", "to_agent": AGENT, "payload": {"n": 1}} | more


def gate_id(intent_id: str) -> str:
    return str(Gate.objects.get(intent_id=intent_id).pk)


# --- Sending and reading -----------------------------------------------------------------------------------------


def test_health_is_ok(sender):
    assert sender.health() == {"ok": True}


def test_send_intent_returns_the_id_and_get_intent_shows_it(sender):
    intent_id = sender.send_intent(change())

    got = sender.get_intent(intent_id)

    assert got["intent"]["intent_id"] == got["intent_id"] == intent_id
    assert got["intent"]["lifecycle_status"] == got["status"] == "WAITING"
    assert got["payload"] == {"target": "prod"}


def test_create_intent_returns_the_plan_and_the_warnings(sender):
    created = sender.create_intent(chore(), correlation_id=str(uuid.uuid4()))

    assert created["ok"] is True
    assert [step["kind"] for step in created["plan"]] == ["agent"]
    assert isinstance(created["warnings"], list)


def test_trace_id_comes_back_on_errors(sender):
    with pytest.raises(AxmeHttpError) as caught:
        sender.get_intent(str(uuid.uuid4()), trace_id="trace-7")

    assert caught.value.trace_id == "trace-7"


def test_list_intent_events_gives_what_comes_after_since(sender):
    intent_id = sender.send_intent(change())

    events = sender.list_intent_events(intent_id)["events"]
    later = sender.list_intent_events(intent_id, since=2)["events"]

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert later == events[2:]


def test_the_same_key_gives_the_same_intent_to_another_client_after_a_crash(live, asking, connect):
    first, second = (connect(live.url, asking.sender_secret) for _ in range(2))

    ids = {client.send_intent(change(), idempotency_key="deploy-42") for client in (first, second)}

    assert len(ids) == Intent.objects.count() == 1


def test_the_same_key_with_another_body_is_a_validation_error(sender):
    sender.send_intent(change(), idempotency_key="deploy-42")

    with pytest.raises(AxmeValidationError) as caught:
        sender.send_intent(change(payload={"target": "other"}), idempotency_key="deploy-42")

    assert caught.value.status_code == 409
    assert caught.value.message == "idempotency key reused with different payload"


# --- Waiting -----------------------------------------------------------------------------------------------------


def test_wait_for_returns_the_decision(sender, ana):
    intent_id = sender.send_intent(change())
    later = threading.Timer(0.5, ana.decide_approval, [gate_id(intent_id)], {"decision": "approve", "comment": "ok."})
    later.start()

    event = sender.wait_for(intent_id, timeout_seconds=20)
    later.join()

    assert event["event_type"] == "intent.completed"
    assert event["details"]["approved"] is True
    assert event["details"]["decided_by"] == ["ana@acme.example"]
    assert event["details"]["summary"].startswith("Approved by Ana Ruiz over the API at ")


def test_wait_for_returns_at_once_when_the_decision_was_made_before(sender, ana):
    intent_id = sender.send_intent(change())
    ana.decide_approval(gate_id(intent_id), decision="reject", comment="not today")
    started = time.monotonic()

    event = sender.wait_for(intent_id)

    assert event["status"] == "CANCELED"
    assert event["details"]["approved"] is False
    assert event["details"]["comment"] == "not today"
    assert time.monotonic() - started < 1


def test_wait_for_raises_timeout_error_when_nobody_decides(sender):
    intent_id = sender.send_intent(change())
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        sender.wait_for(intent_id, timeout_seconds=2)

    assert 1 < time.monotonic() - started < 6


def test_wait_for_goes_on_over_several_streams(sender, ana):
    intent_id = sender.send_intent(change())
    later = threading.Timer(2.5, ana.decide_approval, [gate_id(intent_id)], {"decision": "approve"})
    later.start()

    event = sender.wait_for(intent_id, wait_seconds=1, timeout_seconds=20)
    later.join()

    assert event["status"] == "COMPLETED"


def test_observe_yields_the_whole_history_once_and_in_order(sender, ana):
    intent_id = sender.send_intent(change())
    later = threading.Timer(0.5, ana.decide_approval, [gate_id(intent_id)], {"decision": "approve"})
    later.start()

    seen = list(sender.observe(intent_id, timeout_seconds=20))
    later.join()

    assert seen == sender.list_intent_events(intent_id)["events"]
    assert seen[-1]["event_type"] == "intent.completed"


def test_odd_line_breaks_in_a_payload_survive_the_stream(sender, ana):
    intent_id = sender.send_intent(change(payload={"text": LINE_BREAKS}))
    ana.decide_approval(gate_id(intent_id), decision="approve", comment=LINE_BREAKS)

    event = sender.wait_for(intent_id, timeout_seconds=10)

    assert event["details"]["payload"] == {"text": LINE_BREAKS}
    assert event["details"]["comment"] == LINE_BREAKS


def test_the_200th_waiter_on_one_key_gets_its_answer(live, asking, sender, ana):
    intent_id = sender.send_intent(change())
    limits = httpx.Limits(max_connections=WAITERS)
    config = AxmeClientConfig(base_url=live.url, api_key=asking.sender_secret)
    headers = {"x-api-key": asking.sender_secret}
    http = httpx.Client(base_url=live.url, headers=headers, timeout=15, limits=limits)

    with http, ThreadPoolExecutor(WAITERS) as threads:
        client = AxmeClient(config, http_client=http)
        waiting = [threads.submit(client.wait_for, intent_id, timeout_seconds=40) for _ in range(WAITERS)]
        time.sleep(3)
        ana.decide_approval(gate_id(intent_id), decision="approve")
        answers = [each.result() for each in waiting]

    assert [answer["status"] for answer in answers] == ["COMPLETED"] * WAITERS


# --- Working -----------------------------------------------------------------------------------------------------


def test_listen_yields_work_and_resume_intent_completes_it(sender, agent):
    intent_id = sender.send_intent(chore())

    work = next(agent.listen(AGENT, wait_seconds=5, timeout_seconds=20))
    answer = agent.resume_intent(work["intent_id"], {"action": "complete", "checked": True})

    assert (work["intent_id"], work["status"], work["payload"]) == (intent_id, "DELIVERED", {"n": 1})
    assert answer["applied"] is True
    assert sender.wait_for(intent_id, timeout_seconds=10)["details"]["result"] == {"checked": True}


def test_listen_goes_on_with_the_next_work_when_the_last_is_done(sender, agent):
    sent = [sender.send_intent(chore()) for _ in range(5)]
    done = []

    for work in agent.listen("infra-validator", wait_seconds=5, timeout_seconds=20):
        agent.resume_intent(work["intent_id"], {})
        done.append(work["intent_id"])
        if len(done) == len(sent):
            break

    assert done == sent


@pytest.mark.parametrize("since", [0, 10_000])
def test_listen_yields_free_work_and_only_that_whatever_since_says(live, asking, sender, connect, since):
    held, free = (sender.send_intent(chore()) for _ in range(2))
    first, second = (connect(live.url, asking.work_secret) for _ in range(2))

    holding = next(first.listen(AGENT, timeout_seconds=10))
    taken = next(second.listen(AGENT, since=since, timeout_seconds=10))

    assert (holding["intent_id"], taken["intent_id"]) == (held, free)


def test_listen_raises_timeout_error_when_there_is_no_work(agent):
    with pytest.raises(TimeoutError):
        list(agent.listen(AGENT, wait_seconds=1, timeout_seconds=2))


def test_resume_intent_again_is_not_applied(sender, agent):
    intent_id = sender.send_intent(chore())
    agent.resume_intent(intent_id, {"n": 1})

    again = agent.resume_intent(intent_id, {"n": 2}, owner_agent="infra-validator")

    assert (again["applied"], again["reason"]) == (False, "step_ended")
    assert sender.wait_for(intent_id)["details"]["result"] == {"n": 1}


def test_resume_intent_of_a_sender_says_that_it_may_go_on_but_decides_nothing(sender):
    intent_id = sender.send_intent(chore())

    answer = sender.resume_intent(intent_id, {"approve_current_step": True, "reason": "go"})

    assert answer["applied"] is True
    assert answer["intent"]["status"] == "IN_PROGRESS"


def test_resolve_intent_ends_it_for_the_sender_when_nobody_was_asked(sender):
    intent_id = sender.send_intent(chore())

    answer = sender.resolve_intent(intent_id, {"status": "COMPLETED", "result": {"by": "hand"}})

    assert answer["completion_delivery"] == {"delivered": False, "reason": "reply_to_not_set"}
    assert sender.wait_for(intent_id)["details"]["result"] == {"by": "hand"}


def test_resolve_intent_only_cancels_when_people_are_asked(sender):
    intent_id = sender.send_intent(change())

    with pytest.raises(AxmeValidationError) as caught:
        sender.resolve_intent(intent_id, {"status": "COMPLETED", "result": {}})
    sender.resolve_intent(intent_id, {"status": "CANCELED", "reason": "not needed"})

    assert caught.value.status_code == 409
    assert caught.value.body["error"]["code"] == "gates_remain"
    assert sender.wait_for(intent_id)["details"]["reason"] == "withdrawn"


# --- Scenarios ---------------------------------------------------------------------------------------------------


def test_apply_scenario_registers_its_agent_and_starts_its_intent(sender):
    applied = sender.apply_scenario(BUNDLE, idempotency_key="apply-1")
    again = sender.apply_scenario(BUNDLE, idempotency_key="apply-1")

    assert applied["intent_id"] == again["intent_id"]
    assert applied["agents_provisioned"] == ["agent://acme/production/new-validator"]
    assert sender.get_intent(applied["intent_id"])["intent"]["status"] == "SUBMITTED"


def test_validate_scenario_says_what_apply_would_say_and_leaves_no_trace(sender):
    good = sender.validate_scenario(BUNDLE)
    bad = sender.validate_scenario(BUNDLE | {"workflow": {"steps": [{"step_id": "x", "tool_id": "tool.unknown"}]}})

    assert (good["valid"], good["errors"]) == (True, [])
    assert bad["valid"] is False
    assert bad["errors"]
    assert not Intent.objects.exists()
    assert not Agent.objects.filter(name="new-validator").exists()


# --- Deciding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["actor_token", "bearer_token"])
def test_decide_approval_counts_when_a_persons_token_is_sent(live, asking, sender, connect, name):
    intent_id = sender.send_intent(change())
    bo = connect(live.url, asking.sender_secret, **{name: asking.tokens["bo"]})

    answer = bo.decide_approval(gate_id(intent_id), decision="approve", comment="fine", idempotency_key="bo-1")
    again = bo.decide_approval(gate_id(intent_id), decision="approve", comment="fine", idempotency_key="bo-1")

    assert answer == again
    assert answer["approval"]["decision"] == "approve"
    assert sender.wait_for(intent_id)["details"]["decided_by"] == ["bo@acme.example"]


def test_decide_approval_is_refused_when_only_a_key_is_sent(sender):
    intent_id = sender.send_intent(change())

    with pytest.raises(AxmeAuthError) as caught:
        sender.decide_approval(gate_id(intent_id), decision="approve")

    assert caught.value.status_code == 403


def test_the_second_to_decide_hears_who_was_first(live, asking, sender, ana, connect):
    intent_id = sender.send_intent(change())
    ana.decide_approval(gate_id(intent_id), decision="approve")
    bo = connect(live.url, asking.sender_secret, actor_token=asking.tokens["bo"])

    with pytest.raises(AxmeValidationError) as caught:
        bo.decide_approval(gate_id(intent_id), decision="reject")

    assert caught.value.status_code == 409
    assert caught.value.message.startswith("Ana Ruiz approved this at ")


# --- Errors ------------------------------------------------------------------------------------------------------


def test_unknown_key_is_an_auth_error_everywhere(live, asking, sender, connect):
    intent_id = sender.send_intent(change())
    stranger = connect(live.url, "csk_nobody")

    for call in (
        lambda: stranger.get_intent(intent_id),
        lambda: stranger.send_intent(change()),
        lambda: stranger.wait_for(intent_id),
        lambda: list(stranger.listen(AGENT)),
    ):
        with pytest.raises(AxmeAuthError) as caught:
            call()
        assert caught.value.status_code == 401


def test_what_a_key_may_not_do_is_an_auth_error(asking, sender, agent):
    make_agent(asking.workspace, "other")

    for call in (
        lambda: agent.send_intent(chore()),
        lambda: sender.send_intent(chore(to_agent="agent://other/production/worker")),
        lambda: list(agent.listen("other")),
        lambda: list(sender.listen(AGENT)),
    ):
        with pytest.raises(AxmeAuthError) as caught:
            call()
        assert caught.value.status_code == 403


def test_unknown_and_foreign_intents_are_the_same_http_error(live, asking, sender, connect):
    _, foreign = make_key(make_workspace("other", "production"))
    intent_id = sender.send_intent(change())

    messages = set()
    for client, wanted in ((sender, str(uuid.uuid4())), (connect(live.url, foreign), intent_id)):
        with pytest.raises(AxmeHttpError) as caught:
            client.get_intent(wanted)
        assert type(caught.value) is AxmeHttpError
        assert caught.value.status_code == 404
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_two_different_owners_are_a_validation_error(sender):
    intent_id = sender.send_intent(change())

    with pytest.raises(AxmeValidationError) as caught:
        sender.resolve_intent(intent_id, {"status": "CANCELED"}, owner_agent="a", x_owner_agent="b")

    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"intent_type": "no type"}, 422),
        ({"payload": []}, 422),
        ({"to_agent": "agent://"}, 422),
        ({"payload": {"text": "x" * 300_000}}, 413),
        ({"payload": {"text": "x" * 600_000}}, 413),
    ],
)
def test_a_bad_body_is_a_validation_error(sender, more, status):
    with pytest.raises(AxmeValidationError) as caught:
        sender.create_intent(change(**more), correlation_id=str(uuid.uuid4()))

    assert caught.value.status_code == status
    assert caught.value.message
    assert not Intent.objects.exists()


def test_a_row_that_stays_locked_is_a_server_error_and_nothing_has_happened(sender):
    if connection.vendor == "sqlite":
        pytest.skip("the same on SQLite, but only after ten seconds")
    intent_id = sender.send_intent(chore())

    with locked_intent(uuid.UUID(intent_id)), pytest.raises(AxmeServerError) as caught:
        sender.resolve_intent(intent_id, {"status": "CANCELED"})

    assert (caught.value.status_code, caught.value.retry_after) == (503, 1)
    assert sender.get_intent(intent_id)["status"] == "SUBMITTED"


def test_a_retried_call_gets_through_when_the_row_is_free_again(sender):
    if connection.vendor == "sqlite":
        pytest.skip("the same on SQLite, but only after ten seconds")
    intent_id = sender.send_intent(chore())
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with locked_intent(uuid.UUID(intent_id)):
            held.set()
            free.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(3.0, free.set).start()
    answer = sender.resolve_intent(intent_id, {"status": "CANCELED"}, idempotency_key="end-1")
    holder.join()

    assert answer["intent"]["status"] == "CANCELED"
