"""Subscriptions, and what became of their deliveries."""

from __future__ import annotations

from typing import Any

from intents.models import Intent
from intents.principal import Principal
from intents.services.durable import durable
from notifications.models import WebhookDelivery, WebhookEvent, WebhookSubscription
from notifications.webhooks.publishing import publish
from notifications.webhooks.subscriptions import Wanted, subscribe
from tests.factories import send
from tests.fakes.receiver import Receiver
from tests.notifications.conftest import SECRET


def hook(
    world: Any, receiver: Receiver | str, *event_types: str, owner: Any = None, **fields: Any
) -> WebhookSubscription:
    """A subscription of this receiver, by default to everything about intents."""
    url = receiver if isinstance(receiver, str) else receiver.url
    wanted = Wanted(url, list(event_types or ["intent.*"]), fields.pop("secret", SECRET), **fields)
    with durable():
        return subscribe(world.principal, owner, wanted)[0]


def news(
    world: Any, name: str = "deploy.finished", owner: Any = None, principal: Principal | None = None
) -> WebhookEvent:
    """Something that a program publishes."""
    with durable():
        return publish(principal or world.principal, owner, name, "tests", {"version": 7})


def plain(world: Any) -> Intent:
    """An intent with two events."""
    return send(world)


def rows() -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.order_by("position", "pk"))


def only() -> WebhookDelivery:
    return WebhookDelivery.objects.select_related("subscription").get()
