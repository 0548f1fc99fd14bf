"""In which time zone somebody reads: the one that their Slack says, else UTC."""

from __future__ import annotations

from datetime import UTC, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifications.models import SlackLink


def zone_of(person_id: UUID) -> tzinfo:
    """UTC where nothing is known, or nothing that makes sense."""
    rows = SlackLink.objects.filter(person_id=person_id, ended_at=None).exclude(zone="")
    return zone_named(rows.order_by("-linked_at").values_list("zone", flat=True).first() or "")


def zone_named(name: str) -> tzinfo:
    """The zone of this name in the IANA database."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
