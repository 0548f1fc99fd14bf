"""Each Home is kept true: published when it is opened, and again when what it shows has changed. Never inside a
transaction, one person's at most every few seconds, and no faster than Slack allows for all of a team.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime, timedelta

from django.db.models import Case as Choose
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When

from intents import clock
from intents.errors import Busy
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications import breaker
from notifications.channels.base import Retry
from notifications.models import SLACK, SlackHome, SlackInstallation
from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, Broken, fate_of
from notifications.slack.homeview import home_of, home_of_stranger
from notifications.slack.inbound.callers import caller_of, keep_stranger
from notifications.slack.inbound.who import Stranger
from notifications.slack.installing import note_fault
from notifications.slack.lanes import blocked_teams, enter
from notifications.slack.richtext import Json

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=20)
PAUSE = timedelta(seconds=3)
AGAIN = timedelta(seconds=10)
LONG = timedelta(minutes=5)
PACE, BURST = timedelta(seconds=0.65), timedelta(seconds=20)
"""views.publish is of Slack's tier 4: about 100 a minute in a team, and some more at once."""
LOOK_AGAIN, LOOKED_AFTER = timedelta(minutes=15), timedelta(days=1)
"""Rights and memberships change without an event of any intent."""
MOST_TEAMS = 20
_ANY = Prepared(lambda now: SlackHome.objects.filter(due_at__lte=now, free_at__lte=now)[:1])


def publish_next() -> bool:
    """Make one Home true that is due, those first that somebody looks at. False if none is."""
    row = _claim(clock.now())
    if row is None:
        return False
    try:
        _publish(row)
    except Busy as error:
        _put_off(row, clock.now() + AGAIN, str(error))
    except Exception:  # one bad row must not stop the others
        log.exception("slack home not published", extra={"slack_home": str(row.pk)})
        _put_off(row, clock.now() + LONG, "An error of our own.")
    return True


def _claim(now: datetime) -> SlackHome | None:
    """Of the first team that may publish one more; a team that may not delays no other."""
    full: list[str] = []
    if not _ANY(now=now):
        return None
    with durable():
        while len(full) < MOST_TEAMS:
            rows = _due(now).exclude(team_id__in=full).select_for_update(skip_locked=True, of=("self",))
            row = rows.first()
            if row is None:
                return None
            if enter(f"{row.team_id}/home", now, PACE, BURST):
                row.attempt, row.lease_until = row.attempt + 1, now + LEASE
                row.save(update_fields=["attempt", "lease_until"])
                return row
            full.append(row.team_id)
    return None


def _due(now: datetime) -> QuerySet[SlackHome]:
    """Only through apps that work just now."""
    able = SlackInstallation.objects.filter(team_id=OuterRef("team_id"), app_id=OuterRef("app_id"), fault="")
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = SlackHome.objects.filter(free, Exists(able), due_at__lte=now, free_at__lte=now)
    return rows.exclude(team_id__in=blocked_teams(now)).order_by("-awaited", "due_at", "pk")


def _publish(row: SlackHome) -> None:
    rows = SlackInstallation.objects.filter(team_id=row.team_id, app_id=row.app_id, fault="")
    installations = tuple(rows.select_related("workspace").order_by("pk"))
    view = _view(row, installations)
    digest = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
    if (row.awaited or digest != row.shows) and not _written(row, installations[0], view):
        return
    _settle(row, digest)


def _view(row: SlackHome, installations: tuple[SlackInstallation, ...]) -> Json:
    """Whose it is is noted before anything is read for it, so that nothing that happens meanwhile is missed."""
    caller = caller_of(installations, row.team_id, row.user_id)
    person_id = None if isinstance(caller, Stranger) else caller.person.pk
    if row.person_id != person_id:
        SlackHome.objects.filter(pk=row.pk).update(person=person_id)
    if isinstance(caller, Stranger):
        keep_stranger(installations, row.team_id, row.user_id, caller)
        return home_of_stranger(caller)
    return home_of(caller, clock.now())


def _written(row: SlackHome, installation: SlackInstallation, view: Json) -> bool:
    """True if Slack shows it now; else the row says what comes next."""
    try:
        client_of(installation).views_publish(user_id=row.user_id, view=view)
    except Unreadable as error:
        _put_off(row, clock.now() + LONG, str(error))
        return False
    except FAULTS as error:
        _failed(row, installation, error)
        return False
    breaker.answered(installation.account)
    return True


def _failed(row: SlackHome, installation: SlackInstallation, error: Exception) -> None:
    now, fate = clock.now(), fate_of(error)
    if isinstance(fate, Broken):
        note_fault(installation, fate.why)
    if not isinstance(fate, Retry):
        _put_off(row, None, fate.why)
    elif fate.paced:
        until = now + timedelta(seconds=fate.after_seconds)
        rows = SlackHome.objects.filter(team_id=row.team_id, app_id=row.app_id, due_at__isnull=False)
        rows.filter(free_at__lt=until).update(free_at=until)
        _put_off(row, now, fate.why)
    else:
        if fate.account:
            breaker.failed(f"{SLACK}:{row.team_id}", fate.why, 0, now)
        _put_off(row, now + (AGAIN if fate.account else LONG), fate.why)


def _settle(row: SlackHome, digest: str) -> None:
    """It shows this. What was marked meanwhile stays due."""
    now = clock.now()
    same = When(marks=row.marks, then=Value(now + LOOK_AGAIN if now - row.opened_at < LOOKED_AFTER else None))
    awaited = Choose(When(marks=row.marks, then=Value(value=False)), default=F("awaited"))
    due_at = Choose(same, default=F("due_at"))
    _mine(row).update(shows=digest, awaited=awaited, due_at=due_at, free_at=now + PAUSE, lease_until=None, why="")


def _put_off(row: SlackHome, until: datetime | None, why: str) -> None:
    """None: until it is opened again, or something happens."""
    _mine(row).update(due_at=until, lease_until=None, why=why[:500])


def _mine(row: SlackHome) -> QuerySet[SlackHome]:
    """`attempt` is the fence: whoever came later has the row now."""
    return SlackHome.objects.filter(pk=row.pk, attempt=row.attempt)
