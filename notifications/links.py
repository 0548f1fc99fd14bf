"""Which Slack accounts are somebody's now."""

from __future__ import annotations

from uuid import UUID

from intents.prepared import Prepared
from notifications.models import SlackLink

LINKS = Prepared(lambda person: SlackLink.objects.filter(person=person, ended_at=None).order_by("-linked_at", "pk"))


def links_of(person_id: UUID) -> list[SlackLink]:
    """At most one in each Slack team, the newest first. Whether it has rested is for whoever asks to see."""
    return LINKS(person=person_id)
