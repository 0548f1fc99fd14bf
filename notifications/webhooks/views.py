"""`/v1/webhooks`: for admins, and for keys with the scope `provision`."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents import clock
from intents.access import PROVISION_OR_ADMIN
from intents.clock import iso
from intents.errors import Invalid, NotFound
from intents.ids import parse_id
from intents.models import Agent
from intents.principal import Principal
from intents.views.base import ApiView, body_of, check_owner, query_int
from intents.views.endpoint import Endpoint
from intents.wire.shapes import ID, TEXT, TEXTS, TIME, WHOLE, many, obj, one_of
from intents.wire.unknown import NoFields, unknown_warnings
from notifications.models import WebhookEvent
from notifications.webhooks.publishing import event_of, events_of, publish, replay
from notifications.webhooks.subscriptions import (
    live,
    owner_of,
    subscribe,
    subscription_of,
    unsubscribe,
)
from notifications.webhooks.wire import (
    EVENT_FIELDS,
    SUBSCRIPTION,
    SUBSCRIPTION_FIELDS,
    WEBHOOK_EVENT,
    NewEvent,
    NewSubscription,
    read_event,
    read_subscription,
    subscription_json,
    webhook_event_json,
)

OWNER = {"owner_agent": TEXT}
NEWEST = {"limit": WHOLE, "state": one_of("pending", "dead_lettered")}


class OwnedView(ApiView):
    """What may be told to one agent alone."""

    def owner_named(self) -> str:
        """`owner_agent` of the query or the header; "" if there is none."""
        check_owner(self.request)
        named = self.request.query_params.get("owner_agent") or self.request.headers.get("X-Owner-Agent")
        return str(named or "")


class SubscriptionsView(OwnedView):
    """Make, change and list subscriptions."""

    api = {
        "POST": Endpoint(
            PROVISION_OR_ADMIN,
            {"subscription": obj("secret", **SUBSCRIPTION_FIELDS, secret=TEXT), "warnings": TEXTS},
            NewSubscription,
            query=OWNER,
            refuses=(404,),
        ),
        "GET": Endpoint(PROVISION_OR_ADMIN, {"subscriptions": many(SUBSCRIPTION)}, query=OWNER, refuses=(404,)),
    }

    def post(self, request: Request) -> Response:
        """Make it, or change the one that this owner has for this URL. A secret that is made here is shown once."""
        principal = self.principal
        wanted, named, warnings = read_subscription(body_of(request))
        owner = owner_of(principal, named or self.owner_named())

        def effect() -> dict[str, Any]:
            row, made_up = subscribe(principal, owner, wanted)
            shown = subscription_json(row) | ({"secret": made_up} if made_up else {})
            return {"ok": True, "subscription": shown, "warnings": warnings}

        return self.once(request, _endpoint("POST /v1/webhooks/subscriptions", owner), effect, without_secret)

    def get(self, request: Request) -> Response:
        """Those that were not removed; of one owner if one is named."""
        principal, named = self.principal, self.owner_named()
        rows = live(principal).filter(owner=owner_of(principal, named)) if named else live(principal)
        return Response({"ok": True, "subscriptions": [subscription_json(row) for row in rows.order_by("created_at")]})


class SubscriptionView(OwnedView):
    """End a subscription."""

    api = {"DELETE": Endpoint(PROVISION_OR_ADMIN, {"subscription_id": ID, "revoked_at": TIME}, query=OWNER)}

    def delete(self, request: Request, subscription_id: str) -> Response:
        """Nothing more is sent there, and what was queued is given up."""
        principal = self.principal
        row = subscription_of(principal, parse_id(subscription_id), self.owner_named())

        def effect() -> dict[str, Any]:
            removed = unsubscribe(principal, row)
            return {"ok": True, "subscription_id": str(removed.pk), "revoked_at": iso(removed.revoked_at)}

        return self.once(request, f"DELETE /v1/webhooks/subscriptions/{row.pk}", effect)


class WebhookEventsView(OwnedView):
    """Publish events, and see how the newest ones went."""

    api = {
        "POST": Endpoint(
            PROVISION_OR_ADMIN, {**EVENT_FIELDS, "warnings": TEXTS}, NewEvent, query=OWNER, refuses=(404,)
        ),
        "GET": Endpoint(PROVISION_OR_ADMIN, {"events": many(WEBHOOK_EVENT)}, query=NEWEST),
    }

    def post(self, request: Request) -> Response:
        """Queue it for the owner's subscriptions and the workspace's own."""
        principal = self.principal
        data, warnings = read_event(body_of(request))
        owner = owner_of(principal, data.pop("owner_agent") or self.owner_named())

        def effect() -> dict[str, Any]:
            event = publish(principal, owner, **data)
            return {"ok": True, **webhook_event_json(event_of(principal, event.pk)), "warnings": warnings}

        return self.once(request, _endpoint("POST /v1/webhooks/events", owner), effect)

    def get(self, request: Request) -> Response:
        """The newest first; `state=dead_lettered` or `pending` shows those that have such deliveries."""
        principal, limit = self.principal, query_int(request, "limit", 50, 1, 200)
        rows = events_of(principal)
        if state := request.query_params.get("state", ""):
            rows = rows.filter(**{f"{_known(state)}__gt": 0})
        newest = rows.order_by("-created_at", "-pk")[:limit]
        return Response({"ok": True, "events": [webhook_event_json(event) for event in newest]})


class ReplayView(OwnedView):
    """Send an event again."""

    api = {
        "POST": Endpoint(
            PROVISION_OR_ADMIN, {**EVENT_FIELDS, "replayed_at": TIME, "warnings": TEXTS}, NoFields, query=OWNER
        )
    }

    def post(self, request: Request, event_id: str) -> Response:
        """To everybody who is told of it today, with the same `event_id`."""
        principal, named = self.principal, self.owner_named()
        event = _of_owner(event_of(principal, parse_id(event_id)), principal, named)
        warnings = unknown_warnings(body_of(request), NoFields())

        def effect() -> dict[str, Any]:
            replay(event)
            shown = webhook_event_json(event_of(principal, event.pk))
            return {"ok": True, **shown, "replayed_at": iso(clock.now()), "warnings": warnings}

        return self.once(request, f"POST /v1/webhooks/events/{event.pk}/replay", effect)


def _of_owner(event: WebhookEvent, principal: Principal, named: str) -> WebhookEvent:
    """The event, unless another owner was named than the one that published it."""
    if named and event.event_id is None and event.owner != owner_of(principal, named):
        raise NotFound("There is no such event.")
    return event


def _known(state: str) -> str:
    if state not in NEWEST["state"]["enum"]:
        raise Invalid("state is pending or dead_lettered.", code="invalid_parameter")
    return state


def _endpoint(name: str, owner: Agent | None) -> str:
    """The same key for two owners are two requests."""
    return f"{name} {owner.pk}" if owner else name


def without_secret(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as it may be kept: a secret is shown once."""
    shown = {name: value for name, value in answer["subscription"].items() if name != "secret"}
    return {**answer, "subscription": shown}
