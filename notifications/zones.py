"""In which time zone somebody reads: the one that their Slack says, else UTC."""

from __future__ import annotations

from datetime import UTC, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifications.links import links_of


def zone_of(person_id: UUID) -> tzinfo:
    """UTC where nothing is known, or nothing that makes sense."""
    return zone_named(next((link.zone for link in links_of(person_id) if link.zone), ""))


def zone_named(name: str) -> tzinfo:
    """The zone of this name in the IANA database."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
