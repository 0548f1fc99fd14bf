"""The rows of Homes in Slack: who has opened theirs, and which are to be looked at again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Case as Choose
from django.db.models import F, Q, QuerySet, Value, When

from approvals.models import Seat
from intents import clock, nudges
from intents.ids import parse_id
from intents.models import Intent
from intents.prepared import Prepared
from notifications.models import SlackHome, SlackInstallation

TOGETHER = timedelta(seconds=2)
"""What happens within this time is shown at once."""


def opened(installation: SlackInstallation, user_id: str) -> None:
    """Inside `durable()`: this user looks at their Home now."""
    now = clock.now()
    who = {"app_id": installation.app_id, "team_id": installation.team_id, "user_id": user_id}
    _, is_new = SlackHome.objects.get_or_create(**who, defaults={"opened_at": now, "due_at": now, "free_at": now})
    if not is_new:
        SlackHome.objects.filter(**who).update(opened_at=now, awaited=True, marks=F("marks") + 1, due_at=now)
    nudges.after_commit(nudges.DELIVER)


_CONCERNED = Prepared(
    lambda intent: SlackHome.objects.filter(person__in=Seat.objects.filter(gate__intent=intent).values("person"))[:1]
)


def mark_homes(intent: Intent) -> None:
    """In `durable()`: something happened to this intent; whoever may decide on it, or asked for it, is to see it."""
    seated = Seat.objects.filter(gate__intent=intent.pk).values("person")
    requester = parse_id(intent.requester) if intent.requester else None
    concerned = Q(person__in=seated)
    if not requester and not _CONCERNED(intent=intent.pk):
        return
    _mark(SlackHome.objects.filter(concerned | Q(person=requester) if requester else concerned))


def mark_home_of(person_id: UUID) -> None:
    """Inside `durable()`: something happened to this person, as the end of their link."""
    _mark(SlackHome.objects.filter(person=person_id))


def _mark(rows: QuerySet[SlackHome]) -> None:
    """Of those that wait to be looked at, whoever does so will see it anyway. The others are held in one order."""
    now = clock.now()
    soon = now + TOGETHER
    blind = rows.filter(Q(due_at=None) | Q(due_at__gt=soon) | Q(lease_until__gt=now))
    ids = list(blind.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if ids:
        due_at = Choose(When(due_at__lt=soon, then=F("due_at")), default=Value(soon))
        SlackHome.objects.filter(pk__in=ids).update(marks=F("marks") + 1, due_at=due_at)
