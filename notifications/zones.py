"""In which time zone somebody reads: the one that their Slack says, else UTC."""

from __future__ import annotations

from datetime import UTC, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intents.prepared import Prepared
from notifications.models import SlackLink

_LINKED = Prepared(
    lambda person: (
        SlackLink.objects.filter(person=person, ended_at=None).exclude(zone="").order_by("-linked_at", "pk")[:1]
    )
)


def zone_of(person_id: UUID) -> tzinfo:
    """UTC where nothing is known, or nothing that makes sense."""
    link = _LINKED.first(person=person_id)
    return zone_named(link.zone if link else "")


def zone_named(name: str) -> tzinfo:
    """The zone of this name in the IANA database."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
