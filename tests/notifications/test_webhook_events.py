"""`/v1/webhooks/events` over the wire: publishing, counting, sending again."""

from __future__ import annotations

import pytest

from notifications.models import WebhookDelivery, WebhookEvent
from notifications.webhooks.pushers import push_due
from tests.factories import make_agent
from tests.notifications.conftest import SECRET
from tests.notifications.hooks import hook

pytestmark = pytest.mark.django_db

SUBSCRIPTIONS, EVENTS = "/v1/webhooks/subscriptions", "/v1/webhooks/events"
URL = "https://hooks.example/in"
BODY = {"callback_url": URL, "event_types": ["intent.*"], "secret": SECRET}
EVENT = {"event_type": "inbox.thread_created", "source": "tests", "payload": {"a": 1}}
KEYS = {
    *("subscription_id", "owner_agent", "callback_url", "event_types", "active", "description", "created_at"),
    *("updated_at", "revoked_at", "secret_hint"),
}
COUNTS = ("queued_deliveries", "processed_deliveries", "delivered", "pending", "dead_lettered")


def test_an_event_is_accepted_with_its_counts(api, world, receiver):
    hook(world, receiver, "inbox.*")

    answer = api.post(EVENTS, EVENT).json()

    assert (answer["event_type"], answer["source"], answer["ok"]) == ("inbox.thread_created", "tests", True)
    assert [answer[count] for count in COUNTS] == [1, 0, 0, 1, 0]
    push_due()
    (shown,) = api.get(EVENTS).json()["events"]
    assert shown["event_id"] == answer["event_id"] == receiver.got[0].id
    assert [shown[count] for count in COUNTS] == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("name", ["intent.completed", "gate.closed", "approval.decided", "intent", "gate.x.y"])
def test_a_program_cannot_make_up_what_happened_here(api, world, name: str):
    refused = api.post(EVENTS, {**EVENT, "event_type": name})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "reserved_event_type")
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "source", ["countersign", " Countersign ", "counter\u200bsign", "\uff43ountersign", "countersign."]
)
def test_a_program_cannot_pose_as_the_server(api, world, source: str):
    refused = api.post(EVENTS, {**EVENT, "source": source})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "reserved_source")
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "name", ["Intent.completed", " intent.completed", "intent.completed\n", "\u0131ntent.x", "", "a" * 65, 7, None]
)
def test_a_name_that_is_none_is_refused(api, world, name):
    assert api.post(EVENTS, {**EVENT, "event_type": name}).status_code == 422


@pytest.mark.parametrize("source", ["countersign", " Countersign "])
def test_a_program_cannot_speak_as_the_server(api, world, source: str):
    refused = api.post(EVENTS, {**EVENT, "source": source})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "reserved_source")


def test_the_body_names_who_published_it_whatever_it_says(api, world, receiver):
    hook(world, receiver, "*")

    api.post(EVENTS, {**EVENT, "payload": {"actor": "person:ana@acme.example"}})
    push_due()

    assert receiver.got[0].body["actor"] == "key:sender"


def test_an_oversized_payload_is_refused(api, world):
    assert api.post(EVENTS, {**EVENT, "payload": {"x": "y" * 300_000}}).status_code == 413


def test_an_event_of_an_agent_goes_to_that_agent_and_to_the_workspace(api, world, receivers):
    own, whole, other = receivers(), receivers(), receivers()
    stranger = make_agent(world.workspace, "stranger")
    hook(world, own, "inbox.*", owner=world.agent)
    hook(world, other, "inbox.*", owner=stranger)
    hook(world, whole, "inbox.*")

    api.post(f"{EVENTS}?owner_agent=infra-validator", EVENT)
    push_due()

    assert [len(receiver.got) for receiver in (own, whole, other)] == [1, 1, 0]


def test_replay_sends_again_with_the_same_id_also_to_who_came_later(api, world, receivers):
    first, later = receivers(), receivers()
    hook(world, first, "inbox.*")
    event_id = api.post(EVENTS, EVENT).json()["event_id"]
    push_due()
    hook(world, later, "inbox.*")

    answer = api.post(f"{EVENTS}/{event_id}/replay").json()
    push_due()

    assert [answer[count] for count in COUNTS] == [2, 0, 0, 2, 0]
    assert answer["event_id"] == event_id
    assert answer["replayed_at"]
    assert [got.id for got in first.got] == [event_id, event_id]
    assert first.got[0].raw == first.got[1].raw == later.got[0].raw


def test_replay_sends_dead_ones_again(api, world, receiver):
    hook(world, receiver, "inbox.*")
    receiver.script.append("410")
    event_id = api.post(EVENTS, EVENT).json()["event_id"]
    push_due()
    (dead,) = api.get(f"{EVENTS}?state=dead_lettered").json()["events"]
    hook(world, receiver, "inbox.*", active=True)

    api.post(f"{EVENTS}/{dead['event_id']}/replay")
    push_due()

    assert [got.id for got in receiver.got] == [event_id, event_id]
    assert api.get(f"{EVENTS}?state=dead_lettered").json()["events"] == []


def test_replay_leaves_alone_what_is_under_way(api, world, receiver, afternoon):
    hook(world, receiver, "inbox.*")
    receiver.always = "500"
    event_id = api.post(EVENTS, EVENT).json()["event_id"]
    push_due()
    before = WebhookDelivery.objects.get()

    api.post(f"{EVENTS}/{event_id}/replay")

    after = WebhookDelivery.objects.get()
    assert (after.not_before, after.tries, after.attempt) == (before.not_before, before.tries, before.attempt)


def test_another_owner_cannot_replay_an_event(api, world):
    event_id = api.post(f"{EVENTS}?owner_agent=infra-validator", EVENT).json()["event_id"]
    make_agent(world.workspace, "stranger")

    assert api.post(f"{EVENTS}/{event_id}/replay?owner_agent=stranger").status_code == 404
    assert api.post(f"{EVENTS}/{event_id}/replay?owner_agent=infra-validator").status_code == 200


def test_the_same_key_publishes_once(api, world, receiver):
    hook(world, receiver, "inbox.*")

    answers = [api.post(EVENTS, EVENT, HTTP_IDEMPOTENCY_KEY="k").json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert WebhookEvent.objects.count() == 1
