"""`/v1/webhooks` over the wire: who may, what is refused, what is shown."""

from __future__ import annotations

import uuid

import pytest

from approvals.models import Membership
from intents.models import IdempotencyRecord, WorkspaceEntry
from notifications.models import DeliveryStatus, WebhookDelivery, WebhookSubscription
from notifications.webhooks import subscriptions
from notifications.webhooks.pushers import push_due
from notifications.webhooks.sealing import unseal
from tests.acts import neighbours
from tests.conftest import Api
from tests.notifications.conftest import SECRET
from tests.notifications.hooks import hook, news

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


def changes() -> list[str]:
    """What the workspace's chain says of webhooks."""
    return list(
        WorkspaceEntry.objects.filter(change__startswith="webhook.").order_by("pk").values_list("change", flat=True)
    )


def delete(api: Api, subscription_id: str, query: str = ""):
    return api.client.delete(f"{SUBSCRIPTIONS}/{subscription_id}{query}", **api.headers)


def test_a_subscription_is_made_and_listed_without_its_secret(api, world):
    made = api.post(SUBSCRIPTIONS, {**BODY, "description": "the deploy bot"})

    assert made.status_code == 200
    shown = made.json()["subscription"]
    assert set(shown) >= KEYS
    assert (shown["callback_url"], shown["active"], shown["revoked_at"]) == (URL, True, None)
    assert shown["owner_agent"] == "agent://acme/production/*"
    assert shown["secret_hint"] == "…ough"
    assert api.get(SUBSCRIPTIONS).json() == {"ok": True, "subscriptions": [shown]}
    assert SECRET not in made.content.decode()
    assert unseal(WebhookSubscription.objects.get().sealed_secret) == SECRET


def test_the_same_url_again_changes_the_subscription_and_leaves_what_is_not_named(api, world):
    first = api.post(SUBSCRIPTIONS, {**BODY, "description": "old"}).json()["subscription"]

    second = api.post(
        SUBSCRIPTIONS, {"callback_url": "https://HOOKS.example:443/in", "event_types": ["deploy.*"]}
    ).json()

    shown = second["subscription"]
    assert shown["subscription_id"] == first["subscription_id"]
    assert (shown["event_types"], shown["description"]) == (["deploy.*"], "old")
    assert "secret" not in shown
    assert unseal(WebhookSubscription.objects.get().sealed_secret) == SECRET
    assert changes() == ["webhook.subscribed", "webhook.changed"]


def test_a_secret_that_is_made_here_is_shown_once_and_never_again(api, world):
    body = {"callback_url": URL, "event_types": ["intent.*"]}

    first = api.post(SUBSCRIPTIONS, body, HTTP_IDEMPOTENCY_KEY="k").json()["subscription"]
    again = api.post(SUBSCRIPTIONS, body, HTTP_IDEMPOTENCY_KEY="k").json()["subscription"]

    assert first["secret"].startswith("whsec_")
    assert again == {name: value for name, value in first.items() if name != "secret"}
    assert first["secret"] not in str(IdempotencyRecord.objects.get().response)


def test_a_subscription_is_of_the_agent_that_is_named(api, world):
    named = api.post(f"{SUBSCRIPTIONS}?owner_agent=infra-validator", BODY).json()["subscription"]
    in_body = api.post(SUBSCRIPTIONS, {**BODY, "owner_agent": world.agent.address}).json()["subscription"]
    api.post(SUBSCRIPTIONS, BODY)

    assert named["subscription_id"] == in_body["subscription_id"]
    assert named["owner_agent"] == world.agent.address
    assert len(api.get(SUBSCRIPTIONS).json()["subscriptions"]) == 2
    (own,) = api.get(f"{SUBSCRIPTIONS}?owner_agent=infra-validator").json()["subscriptions"]
    assert own["subscription_id"] == named["subscription_id"]
    (whole,) = api.get(f"{SUBSCRIPTIONS}?owner_agent=agent://acme/production/*").json()["subscriptions"]
    assert whole["owner_agent"] == "agent://acme/production/*"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"callback_url": "http://hooks.example/"}, "invalid_callback_url"),
        ({"callback_url": "https://10.0.0.1/"}, "invalid_callback_url"),
        ({"callback_url": "https://[::ffff:127.0.0.1]/"}, "invalid_callback_url"),
        ({"callback_url": "https://user:pass@hooks.example/"}, "invalid_callback_url"),
        ({"callback_url": "https://hooks.example/" + "x" * 2048}, "schema_invalid"),
        ({"callback_url": 7}, "schema_invalid"),
        ({"event_types": []}, "schema_invalid"),
        ({"event_types": ["intent.*"] * 33}, "schema_invalid"),
        ({"event_types": ["Intent Created"]}, "schema_invalid"),
        ({"event_types": "intent.*"}, "schema_invalid"),
        ({"secret": "short"}, "schema_invalid"),
        ({"secret": "x" * 129}, "schema_invalid"),
        ({"secret": "line\nbreak in the secret"}, "schema_invalid"),
        ({"secret": "whsec_this is not base64"}, "invalid_secret"),
        ({"secret": "whsec_dG9vIHNob3J0"}, "invalid_secret"),
        ({"owner_agent": "nobody-here"}, "agent_not_found"),
        ({"owner_agent": "agent://other/production/bot"}, "foreign_workspace"),
        ({"active": "maybe"}, "schema_invalid"),
    ],
)
def test_a_wrong_subscription_is_refused_and_nothing_changes(api, world, change: dict, code: str):
    answer = api.post(SUBSCRIPTIONS, {**BODY, **change})

    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["code"] == code
    assert not WebhookSubscription.objects.exists()
    assert changes() == []


def test_unknown_fields_are_a_warning(api, world):
    assert api.post(SUBSCRIPTIONS, {**BODY, "colour": "red"}).json()["warnings"] == [
        "The field 'colour' is not known and was ignored."
    ]


def test_a_workspace_has_at_most_fifty(api, world, monkeypatch):
    assert subscriptions.MOST == 50
    monkeypatch.setattr(subscriptions, "MOST", 2)
    for number in range(2):
        assert api.post(SUBSCRIPTIONS, {**BODY, "callback_url": f"{URL}/{number}"}).status_code == 200

    refused = api.post(SUBSCRIPTIONS, BODY)
    changed = api.post(SUBSCRIPTIONS, {**BODY, "callback_url": f"{URL}/0"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_many_subscriptions")
    assert changed.status_code == 200


def test_a_removed_subscription_gets_nothing_more_and_its_secret_is_forgotten(api, world, receiver):
    row = hook(world, receiver, "deploy.*")
    news(world)

    first, second = delete(api, row.pk), delete(api, row.pk)

    assert first.json() == second.json()
    assert set(first.json()) == {"ok", "subscription_id", "revoked_at"}
    row.refresh_from_db()
    assert row.sealed_secret == ""
    assert WebhookDelivery.objects.get().status == DeliveryStatus.DEAD
    news(world)
    assert push_due() == 0
    assert receiver.connections == 0
    assert api.get(SUBSCRIPTIONS).json()["subscriptions"] == []
    assert changes() == ["webhook.subscribed", "webhook.removed"]


def test_a_paused_subscription_gets_nothing_until_it_goes_on(api, world, receiver):
    hook(world, receiver, "deploy.*")
    news(world)
    hook(world, receiver, "deploy.*", active=False)
    news(world)
    assert push_due() == 0
    hook(world, receiver, "deploy.*", active=True)
    event = news(world)

    push_due()

    assert [got.id for got in receiver.got] == [str(event.pk)]


def test_an_admin_may_manage_by_a_token(world):
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    admin = Api(token=world.tokens["ana"])

    assert admin.post(SUBSCRIPTIONS, BODY).status_code == 200
    assert WorkspaceEntry.objects.get(change="webhook.subscribed").actor == "person:ana@acme.example"


def test_foreign_and_unknown_look_alike(api, world):
    made = api.post(SUBSCRIPTIONS, BODY).json()["subscription"]["subscription_id"]
    event_id = api.post(EVENTS, EVENT).json()["event_id"]
    stranger = Api(neighbours().sender_secret)

    for known, unknown in (
        (delete(stranger, made), delete(stranger, uuid.uuid4())),
        (stranger.post(f"{EVENTS}/{event_id}/replay"), stranger.post(f"{EVENTS}/{uuid.uuid4()}/replay")),
        (delete(stranger, made), delete(stranger, "not-an-id")),
    ):
        assert known.status_code == unknown.status_code == 404
        assert known.json() == unknown.json()
    assert stranger.get(SUBSCRIPTIONS).json()["subscriptions"] == []
    assert stranger.get(EVENTS).json()["events"] == []
    assert WebhookSubscription.objects.get().revoked_at is None


def test_the_same_url_in_two_workspaces_is_two_subscriptions(api, world):
    api.post(SUBSCRIPTIONS, BODY)
    Api(neighbours().sender_secret).post(SUBSCRIPTIONS, BODY)

    assert WebhookSubscription.objects.count() == 2
