"""Dry runs as the API and the command take and give them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from rest_framework import serializers

from intents.clock import iso
from intents.errors import Invalid
from intents.wire.create import AnyObject, StrictInteger, StrictText, submission_of
from intents.wire.shapes import FLAG, MAP, TEXT, TEXTS, TIME, WHOLE, many, named, obj
from intents.wire.unknown import unknown_warnings
from notifications.rehearsal.moments import NotAMoment, moment_of, span_of
from notifications.rehearsal.script import MOST_ACTS, Act, AgentPart, Draft, Script
from notifications.rehearsal.timeline import Line, Played, in_text

LINE = named("DryRunLine", obj(at=TIME, after_seconds=WHOLE, kind=TEXT, name=TEXT, text=TEXT, who=TEXT, channel=TEXT))
PLAYED = {
    "began": TIME,
    "is_whole": FLAG,
    "status": TEXT,
    "outcome": TEXT,
    "summary": TEXT,
    "timeline": many(LINE),
    "text": TEXT,
    "plan": many(MAP),
    "plan_reasons": many(MAP),
    "warnings": TEXTS,
}


class ActFields(serializers.Serializer[dict[str, Any]]):
    """Somebody does something."""

    after = StrictText(max_length=40)
    who = StrictText(max_length=254)
    does = StrictText(max_length=64)
    comment = StrictText(max_length=2000, required=False, allow_blank=True)


class AgentFields(serializers.Serializer[dict[str, Any]]):
    """What agents do with their work; `after: null` means that nobody listens."""

    after = StrictText(max_length=40, required=False, allow_null=True)
    fails = serializers.BooleanField(required=False)
    result = AnyObject(required=False)


class DraftFields(serializers.Serializer[dict[str, Any]]):
    """A policy as it would be saved."""

    name = serializers.SlugField(max_length=63)
    body = AnyObject()
    position = StrictInteger(min_value=0, max_value=1_000_000, required=False)


class DryRun(serializers.Serializer[dict[str, Any]]):
    """An example intent, as `POST /v1/intents` takes it, and what happens to it."""

    intent = AnyObject()
    at = StrictText(max_length=40, required=False)
    zone = StrictText(max_length=64, required=False)
    sender = StrictText(max_length=255, required=False)
    acts = ActFields(many=True, required=False, max_length=MOST_ACTS)  # type: ignore[call-arg]
    agent = AgentFields(required=False)
    policies = DraftFields(many=True, required=False, max_length=20)  # type: ignore[call-arg]


def read_dry_run(body: dict[str, Any], now: datetime) -> tuple[Script, ZoneInfo, list[str]]:
    """The script, the zone of its timeline, and warnings; ValidationError or Invalid with what is wrong."""
    form = DryRun(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    zone = zone_of(data.get("zone") or "UTC")
    try:
        script = _script(data, now, zone)
    except NotAMoment as error:
        raise Invalid(str(error), code="invalid_moment") from error
    return script, zone, unknown_warnings(body, form)


def zone_of(name: str) -> ZoneInfo:
    """A zone of the tz database; Invalid for a name that it does not have."""
    if name not in available_timezones():
        raise Invalid(f"zone: {name!r} is no time zone; write one as Europe/Berlin or UTC.", code="unknown_zone")
    return ZoneInfo(name)


def played_json(play: Played, zone: ZoneInfo) -> dict[str, Any]:
    """The whole play, line by line, and as text."""
    return {
        "began": iso(play.began),
        "is_whole": play.is_whole,
        "status": play.status,
        "outcome": play.outcome,
        "summary": play.summary,
        "timeline": [_line(line, play.began) for line in play.lines],
        "text": in_text(play, zone),
        "plan": play.plan["steps"],
        "plan_reasons": play.plan["reasons"],
        "warnings": list(play.warnings),
    }


def _script(data: dict[str, Any], now: datetime, zone: ZoneInfo) -> Script:
    at = moment_of(data["at"], now, zone) if data.get("at") else now
    if not now - timedelta(days=366) <= at <= now + timedelta(days=366):
        raise NotAMoment("at is at most 366 days from now.")
    acts = [Act(span_of(act["after"]), act["who"], act["does"], act.get("comment", "")) for act in data.get("acts", [])]
    drafts = [Draft(each["name"], each["body"], each.get("position", 0)) for each in data.get("policies", [])]
    return Script(
        submission=submission_of(data["intent"]),
        at=at,
        sender=data.get("sender") or Script.sender,
        acts=tuple(acts),
        agents=_agents(data.get("agent")),
        drafts=tuple(drafts),
    )


def _agents(data: dict[str, Any] | None) -> AgentPart:
    if data is None:
        return AgentPart()
    after = data.get("after", "+1s")
    return AgentPart(span_of(after) if after is not None else None, bool(data.get("fails")), data.get("result") or {})


def _line(line: Line, began: datetime) -> dict[str, Any]:
    return {
        "at": iso(line.at),
        "after_seconds": round((line.at - began).total_seconds()),
        "kind": line.kind,
        "name": line.name,
        "text": line.text,
        "who": line.who,
        "channel": line.channel,
    }
