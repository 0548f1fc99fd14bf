"""Who typed a command or looks at their Home: as sure as for a press, and a member of a workspace of the app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from approvals.models import Person
from intents import clock
from intents.models import Workspace, WorkspaceEntry
from intents.services.changes import record_change
from intents.services.durable import durable
from notifications.models import SlackInstallation
from notifications.slack.inbound.who import UNFIT, Stranger, person_of
from notifications.zones import zone_of

REFUSED = "slack_account.refused"
ONCE_IN = timedelta(days=1)


@dataclass(frozen=True)
class Caller:
    """A person, and those of their workspaces that this Slack app serves, by name."""

    person: Person
    zone: tzinfo
    workspaces: tuple[Workspace, ...]

    @property
    def has_several(self) -> bool:
        """True if every answer must say which workspace it is about."""
        return len(self.workspaces) > 1


def caller_of(installations: tuple[SlackInstallation, ...], team_id: str, user_id: str) -> Caller | Stranger:
    """Of one app and team. Outside of any transaction: Slack may be asked."""
    found = person_of(installations[0], team_id, user_id)
    if isinstance(found, Stranger):
        return found
    mine = _served(found, installations)
    if not mine:
        names = " or ".join(sorted(str(row.workspace) for row in installations))
        return Stranger("slack_no_member", f"You are no member of {names} any more.")
    return Caller(found, zone_of(found.pk), mine)


def keep_stranger(installations: Iterable[SlackInstallation], team_id: str, user_id: str, stranger: Stranger) -> None:
    """A guest's or foreign user's try is an entry of the workspace's chain: once a day, so that nobody can fill it."""
    if stranger.code != UNFIT:
        return
    actor, since = f"slack:{team_id}/{user_id}"[:255], clock.now() - ONCE_IN
    with durable():
        for workspace_id in sorted(row.workspace_id for row in installations):
            known = WorkspaceEntry.objects.filter(workspace=workspace_id, change=REFUSED, actor=actor, at__gte=since)
            if not known.exists():
                record_change(workspace_id, REFUSED, actor, {"why": stranger.words})


def _served(person: Person, installations: Iterable[SlackInstallation]) -> tuple[Workspace, ...]:
    if not person.is_active:
        return ()
    mine = person.memberships.filter(is_active=True).values("workspace")
    rows = Workspace.objects.filter(slack__in=[row.pk for row in installations], pk__in=mine)
    return tuple(rows.order_by("org", "name"))
