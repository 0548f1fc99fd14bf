"""How subscriptions and webhook events look on the wire, coming and going."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from intents.clock import iso
from intents.wire.create import AnyObject, OneLine, StrictText, check_payload
from intents.wire.shapes import FLAG, ID, TEXT, TEXTS, TIME, WHOLE, maybe, named, obj
from intents.wire.unknown import unknown_warnings
from notifications.models import WebhookEvent, WebhookSubscription
from notifications.webhooks.subscriptions import Wanted, whole

NAME = r"[a-z0-9_]+(\.[a-z0-9_]+)*"
NAME_PATTERN = re.compile(NAME)
WANTED_PATTERN = re.compile(rf"\*|{NAME}(\.\*)?")
NAME_HINT = "Write dotted lower-case words, like inbox.thread_created."


class EventName(StrictText):
    """The name of an event, in the form of `pattern`."""

    def __init__(self, pattern: re.Pattern[str], **kwargs: Any) -> None:
        super().__init__(max_length=64, trim_whitespace=False, **kwargs)
        self.pattern = pattern

    def to_internal_value(self, data: Any) -> str:
        """The name itself."""
        if not self.pattern.fullmatch(text := super().to_internal_value(data)):
            raise serializers.ValidationError(NAME_HINT)
        return text


class NewSubscription(serializers.Serializer[dict[str, Any]]):
    """A URL and what it is to be told of; `intent.*` and `*` stand for all names that begin so."""

    callback_url = StrictText(max_length=2048)
    event_types = serializers.ListField(child=EventName(WANTED_PATTERN), min_length=1, max_length=32)
    secret = OneLine(min_length=16, max_length=128, required=False, allow_null=True, trim_whitespace=False)
    active = serializers.BooleanField(required=False, allow_null=True)
    description = OneLine(max_length=255, required=False, allow_blank=True, allow_null=True)
    owner_agent = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)


class NewEvent(serializers.Serializer[dict[str, Any]]):
    """Something that a program wants subscriptions to be told of."""

    event_type = EventName(NAME_PATTERN)
    source = OneLine(max_length=255, required=False, allow_blank=True, allow_null=True)  # type: ignore[assignment]  # DRF takes it out of the class
    payload = AnyObject(required=False, allow_null=True)
    owner_agent = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)


SUBSCRIPTION_FIELDS = {
    "subscription_id": ID,
    "owner_agent": TEXT,
    "callback_url": TEXT,
    "event_types": TEXTS,
    "active": FLAG,
    "description": TEXT,
    "created_at": TIME,
    "updated_at": TIME,
    "revoked_at": maybe(TIME),
    "secret_hint": maybe(TEXT),
    "failing_since": maybe(TIME),
    "blocked_until": maybe(TIME),
    "why": maybe(TEXT),
}
SUBSCRIPTION = named("WebhookSubscription", obj(**SUBSCRIPTION_FIELDS))
COUNTS = ("queued_deliveries", "processed_deliveries", "delivered", "pending", "dead_lettered")
EVENT_FIELDS = {
    "event_id": ID,
    "event_type": TEXT,
    "source": TEXT,
    "owner_agent": TEXT,
    "accepted_at": TIME,
    **dict.fromkeys(COUNTS, WHOLE),
}
WEBHOOK_EVENT = named("WebhookEvent", obj(**EVENT_FIELDS))


def read_subscription(body: dict[str, Any]) -> tuple[Wanted, str, list[str]]:
    """What is wanted, the owner's address if the body names one, and warnings."""
    form = NewSubscription(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    wanted = Wanted(
        data["callback_url"],
        data["event_types"],
        data.get("secret"),
        data.get("active"),
        data.get("description"),
    )
    return wanted, data.get("owner_agent") or "", unknown_warnings(body, form)


def read_event(body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """`event_type`, `source`, `payload` and `owner_agent`, and warnings. TooLarge beyond 256 KiB of payload."""
    form = NewEvent(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    payload = data.get("payload") or {}
    check_payload(payload)
    own = {"source": data.get("source") or "", "payload": payload, "owner_agent": data.get("owner_agent") or ""}
    return {"event_type": data["event_type"], **own}, unknown_warnings(body, form)


def subscription_json(row: WebhookSubscription) -> dict[str, Any]:
    """A subscription without its secret; `why` says what went wrong last, while it is in trouble."""
    return {
        "subscription_id": str(row.pk),
        "owner_agent": row.owner.address if row.owner else whole(row.workspace),
        "callback_url": row.callback_url,
        "event_types": row.event_types,
        "active": row.active,
        "description": row.description,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "revoked_at": iso(row.revoked_at),
        "secret_hint": row.secret_hint or None,
        "failing_since": iso(row.failing_since),
        "blocked_until": iso(row.blocked_until),
        "why": row.why or None,
    }


def webhook_event_json(event: WebhookEvent) -> dict[str, Any]:
    """An event with how its deliveries stand (`publishing.events_of` counts them)."""
    counts: Any = event
    return {
        "event_id": str(event.pk),
        "event_type": event.event_type,
        "source": event.source,
        "owner_agent": event.owner.address if event.owner else whole(event.workspace),
        "accepted_at": iso(event.created_at),
        "queued_deliveries": counts.queued,
        "processed_deliveries": counts.delivered + counts.dead_lettered,
        "delivered": counts.delivered,
        "pending": counts.pending,
        "dead_lettered": counts.dead_lettered,
    }
