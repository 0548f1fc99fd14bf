"""A program that is told by HTTP, with the stock client, a real server with its worker, and a real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from axme import AxmeClient
from axme.exceptions import AxmeHttpError

from tests.factories import send
from tests.fakes.authority import make_authority
from tests.fakes.receiver import Receiver
from tests.live import celery, eventually, serving
from tests.notifications.hooks import hook
from tests.stories.requests import change

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SECRET = "a secret that is long enough"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    authority = make_authority(tmp_path)
    with Receiver(authority.server_context(tmp_path), secret=SECRET).running() as receiver:
        yield receiver


def test_a_receiver_is_told_of_everything_in_order_and_at_last_of_what_wait_for_returns(
    asking: SimpleNamespace, receiver: Receiver, tmp_path: Path, connect
):
    receiver.script.extend(["204", "503"])
    settings = {"OUTBOUND_CA_FILE": str(tmp_path / "authority.pem"), "OUTBOUND_ALLOWED_PRIVATE": receiver.place}
    with serving(tmp_path, "--embedded", REDIS_URL="", **settings) as live:
        sender: AxmeClient = connect(live.url, asking.sender_secret)
        ana: AxmeClient = connect(live.url, asking.sender_secret, actor_token=asking.tokens["ana"])
        sender.upsert_webhook_subscription(
            {"callback_url": receiver.url, "event_types": ["intent.*"], "secret": SECRET}
        )

        intent_id = sender.send_intent(change(to_agent="human"))
        ana.resume_intent(intent_id, {"task_result": {"outcome": "approved", "comment": "go"}})
        result = sender.wait_for(intent_id, timeout_seconds=30)
        eventually(lambda: receiver.got and receiver.got[-1].body["status"] == "COMPLETED")

    assert all(got.genuine for got in receiver.got)
    told = list(dict.fromkeys(got.body["seq"] for got in receiver.got))
    assert told == list(range(1, len(told) + 1))
    last = receiver.got[-1].body
    assert result["details"].pop("receipt")
    assert last["details"].pop("receipt") is None
    assert {name: last[name] for name in result if name in last} == result
    ids = [got.id for got in receiver.got]
    assert len(ids) == len(set(ids)) + 1


def test_webhooks_go_out_when_redis_is_gone(world: SimpleNamespace, receiver: Receiver, tmp_path: Path, settings):
    settings.OUTBOUND_ALLOWED_PRIVATE = [receiver.place]
    hook(world, receiver, "intent.created")
    send(world)
    allowed = {"OUTBOUND_CA_FILE": str(tmp_path / "authority.pem"), "OUTBOUND_ALLOWED_PRIVATE": receiver.place}

    with celery(tmp_path, "worker", REDIS_URL="redis://127.0.0.1:1/0", **allowed):
        eventually(lambda: receiver.got)

    assert receiver.got[0].genuine


def test_the_stock_client_manages_subscriptions_and_events(sender: AxmeClient, asking: SimpleNamespace):
    body = {"callback_url": "https://hooks.example/in", "event_types": ["inbox.thread_created"], "secret": SECRET}
    made = sender.upsert_webhook_subscription(body, idempotency_key="k")["subscription"]
    again = sender.upsert_webhook_subscription(body, idempotency_key="k")["subscription"]
    event = {"event_type": "inbox.thread_created", "source": "story", "payload": {"a": 1}}

    published = sender.publish_webhook_event(event, owner_agent="infra-validator", idempotency_key="e")
    replayed = sender.replay_webhook_event(published["event_id"], owner_agent="infra-validator")
    listed = sender.list_webhook_subscriptions()["subscriptions"]
    removed = sender.delete_webhook_subscription(made["subscription_id"])

    assert made == again
    assert listed == [made]
    assert (published["queued_deliveries"], published["pending"], published["delivered"]) == (1, 1, 0)
    assert replayed["event_id"] == published["event_id"]
    assert replayed["replayed_at"]
    assert (removed["subscription_id"], bool(removed["revoked_at"])) == (made["subscription_id"], True)
    assert sender.list_webhook_subscriptions(owner_agent="infra-validator")["subscriptions"] == []


def test_an_agents_client_is_told_that_it_may_not(agent: AxmeClient):
    with pytest.raises(AxmeHttpError) as caught:
        agent.list_webhook_subscriptions()

    assert caught.value.status_code == 403
