"""What the commands of an operator share: who runs them, the workspace they name, and closed intents in pages."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import QuerySet

from intents import clock
from intents.models import Intent, Workspace
from intents.services.purge import settled

PAGE = 200
FEWEST_DAYS = 3
"""Within 48 hours a repeated request is answered as before (services.idempotency), and that must stay true."""


def operator() -> str:
    """How the record names whoever runs a command on this machine."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as containers have it
        return "operator"


def workspace_named(address: str) -> Workspace:
    """The workspace `org/name`; CommandError if there is none."""
    org, _, name = address.partition("/")
    workspace = Workspace.objects.filter(org=org, name=name).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {address!r}.")
    return workspace


def closed_before(intents: QuerySet[Intent], days: int, page: int = PAGE) -> Iterator[list[UUID]]:
    """Ids of those that ended more than `days` ago and are settled, oldest first, a page at a time."""
    if days < FEWEST_DAYS:
        raise CommandError(f"--older-than is at least {FEWEST_DAYS}: repeated requests get their answer till then.")
    rows = intents.filter(ended_at__lt=clock.now() - timedelta(days=days)).order_by("pk")
    found = list(rows.values_list("pk", flat=True)[:page])
    while found:
        quiet = settled(found)
        if chosen := [pk for pk in found if pk in quiet]:
            yield chosen
        found = list(rows.filter(pk__gt=found[-1]).values_list("pk", flat=True)[:page])
