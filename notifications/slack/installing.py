"""Setting a workspace's Slack app up, and taking it away. Each is an entry in the workspace's chain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import QuerySet

from intents import clock
from intents.models import Workspace
from intents.services.configuration import recorded
from notifications.models import ChannelAccount, SlackInstallation
from notifications.sealing import Unreadable
from notifications.slack.checking import Found, Secrets
from notifications.slack.sealing import SEALER

HEARD_EVERY = timedelta(hours=1)


def install(workspace: Workspace, secrets: Secrets, found: Found, actor: str) -> SlackInstallation:
    """The workspace speaks through this app from now on; whatever was wrong before is forgotten."""
    row = installations(workspace).first() or SlackInstallation(workspace=workspace)
    with recorded(actor, lambda: installations(workspace)):
        row.team_id, row.team_name, row.app_id = found.team_id, found.team_name, found.app_id
        row.bot_user_id, row.secrets_at = found.bot_user_id, clock.now()
        row.sealed_bot_token = SEALER.seal(secrets.bot_token)
        row.sealed_signing_secret = SEALER.seal(secrets.signing_secret)
        row.sealed_app_token = SEALER.seal(secrets.app_token) if secrets.app_token else ""
        row.fault, row.fault_at, row.updates_after = "", None, None
        row.socket_fault, row.listened_at, row.heard_at = "", None, None
        row.save()
        ChannelAccount.objects.filter(pk=row.account).update(failures=0, blocked_until=None, why="")
    return row


def uninstall(workspace: Workspace, actor: str) -> None:
    """Nothing is sent to Slack from now on; the tokens are forgotten. Links of people stay."""
    with recorded(actor, lambda: installations(workspace)):
        installations(workspace).delete()


def installations(workspace: Workspace) -> QuerySet[SlackInstallation]:
    """The workspace's own, if there is one."""
    return SlackInstallation.objects.filter(workspace=workspace)


def note_fault(installation: SlackInstallation, why: str) -> None:
    """The app cannot speak: until it is set up anew nothing is sent through it."""
    _as_set_up(installation).filter(fault="").update(fault=why[:500], fault_at=clock.now())


def note_heard(rows: Iterable[SlackInstallation]) -> None:
    """Slack has called this server, signed with the secret that is set. Noted once an hour."""
    now = clock.now()
    for row in rows:
        if row.heard_at is None or now - row.heard_at >= HEARD_EVERY:
            _as_set_up(row).update(heard_at=now)


def note_listening(installation: SlackInstallation) -> None:
    """A process of ours is connected to Slack by Socket Mode just now."""
    _as_set_up(installation).update(listened_at=clock.now(), socket_fault="")


def note_deaf(installation: SlackInstallation, why: str) -> None:
    """Nobody can be, for this reason, which an admin has to mend."""
    _as_set_up(installation).exclude(socket_fault=why[:500]).update(socket_fault=why[:500])


def _as_set_up(installation: SlackInstallation) -> QuerySet[SlackInstallation]:
    """Its row, unless it was set up anew meanwhile."""
    return SlackInstallation.objects.filter(pk=installation.pk, secrets_at=installation.secrets_at)


def reseal_all() -> tuple[int, list[str]]:
    """Encrypt all secrets with today's key: of how many apps, and the names of those that nobody can read."""
    unreadable, done = [], 0
    for row in SlackInstallation.objects.select_related("workspace"):
        sealed = (row.sealed_bot_token, row.sealed_signing_secret, row.sealed_app_token)
        try:
            fresh = [SEALER.reseal(each) if each else "" for each in sealed]
        except Unreadable:
            unreadable.append(str(row.workspace))
            continue
        names = ("sealed_bot_token", "sealed_signing_secret", "sealed_app_token")
        same = dict(zip(names, sealed, strict=True))
        done += SlackInstallation.objects.filter(pk=row.pk, **same).update(**dict(zip(names, fresh, strict=True)))
    return done, unreadable
