"""Reading `POST /v1/intents`: shapes and limits here, meaning in the planners."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from intents.addresses import BadAddress, split
from intents.errors import Invalid, TooLarge
from intents.strictjson import JsonRefused, check
from intents.submission import Submission, Times
from intents.wire.forms import form_of, read
from intents.wire.shapes import MAP
from intents.wire.unknown import unknown_warnings

TYPE_PATTERN = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+\.v[0-9]+$")
TYPE_HINT = "Write dotted lower-case words and a version, like intent.infra.deploy.v1."
PAYLOAD_LIMIT = 256 * 1024
LONGEST_SECONDS = 366 * 24 * 3600


@extend_schema_field(MAP)
class AnyObject(serializers.Field[dict[str, Any], Any, Any, Any]):
    """A JSON object, taken as it is."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object itself."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This must be a JSON object.")
        return data


class StrictText(serializers.CharField):
    """A text; numbers and truth values are not read as texts."""

    def to_internal_value(self, data: Any) -> str:
        """The text itself."""
        if not isinstance(data, str):
            raise serializers.ValidationError("This must be a text.")
        return str(super().to_internal_value(data))


class OneLine(StrictText):
    """A text that goes into headers: without control characters."""

    def to_internal_value(self, data: Any) -> str:
        """The text itself."""
        text = super().to_internal_value(data)
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
            raise serializers.ValidationError("This must be one line without control characters.")
        return text


class StrictInteger(serializers.IntegerField):
    """A whole number; texts and truth values are not read as numbers."""

    def to_internal_value(self, data: Any) -> int:
        """The number itself."""
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This must be a whole number.")
        return int(super().to_internal_value(data))


def seconds(**kwargs: Any) -> StrictInteger:
    """A time bound: 1 s to 366 days."""
    return StrictInteger(min_value=1, max_value=LONGEST_SECONDS, required=False, allow_null=True, **kwargs)


class HumanTask(serializers.Serializer[dict[str, Any]]):
    """What a request asks of a person."""

    title = OneLine(max_length=255, required=False, allow_blank=True)
    description = StrictText(max_length=2000, required=False, allow_blank=True, trim_whitespace=False)
    task_type = StrictText(max_length=64, required=False)
    allowed_outcomes = serializers.ListField(
        child=StrictText(min_length=1, max_length=64), min_length=1, max_length=20, required=False, allow_null=True
    )
    required_comment = serializers.BooleanField(required=False)
    evidence_required = serializers.BooleanField(required=False)
    assignees = serializers.ListField(
        child=StrictText(max_length=254), min_length=1, max_length=20, required=False, allow_null=True
    )
    form_schema = AnyObject(required=False, allow_null=True)
    notify_email = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)


class CreateIntent(serializers.Serializer[dict[str, Any]]):
    """The fields of a new intent. Unknown ones are a warning, never an error."""

    intent_type = serializers.RegexField(TYPE_PATTERN, max_length=255, error_messages={"invalid": TYPE_HINT})
    correlation_id = StrictText(max_length=64, required=False, allow_blank=True)
    to_agent = StrictText(min_length=2, max_length=383)
    payload = AnyObject()
    reply_to = StrictText(max_length=383, required=False, allow_blank=True, allow_null=True)
    deadline_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    remind_after_seconds = seconds()
    remind_interval_seconds = seconds()
    max_reminders = StrictInteger(min_value=1, max_value=1000, required=False, allow_null=True)
    escalate_to = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)
    max_delivery_attempts = StrictInteger(min_value=1, max_value=100, required=False, allow_null=True)
    human_task = HumanTask(required=False, allow_null=True)
    requested_by = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)
    amendable = serializers.BooleanField(required=False)


def submission_of(body: dict[str, Any]) -> Submission:
    """The body as a Submission; ValidationError or Invalid with the field's path."""
    data = read(CreateIntent, body)
    check_address(data["to_agent"], "to_agent")
    if data.get("reply_to"):
        check_address(data["reply_to"], "reply_to")
    check_payload(data["payload"])
    return Submission(
        intent_type=data["intent_type"],
        to_agent=data["to_agent"],
        payload=data["payload"],
        correlation_id=data.get("correlation_id") or "",
        reply_to=data.get("reply_to") or "",
        requested_by=data.get("requested_by") or "",
        deadline_at=deadline_of(data),
        times=times_of(data),
        max_delivery_attempts=data.get("max_delivery_attempts") or 3,
        human_task=task_of(data.get("human_task")),
        amendable=data.get("amendable", False),
        warnings=unknown_warnings(body, form_of(CreateIntent)),
    )


def times_of(data: dict[str, Any], deadline: int | None = None) -> Times:
    """The reminder and escalation fields that intents and steps share."""
    return Times(
        remind_after=data.get("remind_after_seconds"),
        remind_interval=data.get("remind_interval_seconds"),
        max_reminders=data.get("max_reminders"),
        deadline=deadline,
        escalate_to=data.get("escalate_to") or "",
    )


def task_of(task: dict[str, Any] | None) -> dict[str, Any] | None:
    """The human task with plain values, or None."""
    return {key: value for key, value in task.items() if value is not None} if task is not None else None


def deadline_of(data: dict[str, Any]) -> datetime | None:
    """The deadline in UTC, or None."""
    deadline = data.get("deadline_at")
    return deadline.astimezone(UTC) if isinstance(deadline, datetime) else None


def check_payload(payload: dict[str, Any]) -> None:
    """TooLarge beyond 256 KiB of canonical JSON."""
    try:
        check(payload, max_bytes=PAYLOAD_LIMIT)
    except JsonRefused as error:
        raise TooLarge(f"payload: {error}", code=error.code) from error


def check_address(address: str, field: str) -> None:
    """Invalid unless it has the form of an agent's address."""
    try:
        split(address)
    except BadAddress as error:
        raise Invalid(f"{field}: {error}", code="invalid_agent_address") from error
