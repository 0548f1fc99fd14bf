"""What a schedule's rows say: its newest version with its overrides, as the arithmetic of `oncall` takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from approvals.models import Override, ScheduleVersion
from approvals.oncall import Cover, Rota, Shift, on_call, rota_of, shifts_between
from intents.models import Workspace

PREFIX = "schedule:"


@dataclass(frozen=True)
class Roster:
    """One schedule from some moment on. People are named as requirements name them."""

    name: str
    rota: Rota
    covers: tuple[Cover, ...]

    def on_call(self, at: datetime) -> str | None:
        """Whoever is on call then."""
        return on_call(self.rota, self.covers, at)

    def shifts(self, start: datetime, end: datetime) -> Iterator[Shift]:
        """The time between, cut where the person changes."""
        return shifts_between(self.rota, self.covers, start, end)

    def next_change(self, after: datetime, before: datetime) -> datetime | None:
        """The next hand-over between the two."""
        shifts = self.shifts(after, before)
        next(shifts, None)
        following = next(shifts, None)
        return following.starts_at if following else None

    def everybody(self) -> list[str]:
        """All who have turns or overrides, each once."""
        names = [name for layer in self.rota.layers for name in layer.people]
        return list(dict.fromkeys([*names, *(cover.person for cover in self.covers)]))


def roster_named(workspace: Workspace, name: str, since: datetime) -> Roster | None:
    """The schedule of this name (with or without `schedule:`), with the overrides that end after `since`."""
    newest = ScheduleVersion.objects.filter(
        schedule__workspace=workspace, schedule__name=name.removeprefix(PREFIX), number=F("schedule__version")
    )
    version = newest.select_related("schedule").first()
    if version is None:
        return None
    rows = Override.objects.filter(schedule=version.schedule, ends_at__gt=since).select_related("person")
    covers = [Cover(row.person.actor, row.starts_at, row.ends_at) for row in rows.order_by("created_at", "pk")]
    return Roster(str(version.schedule), rota_of(version.body), tuple(covers))


def schedules_in(names: list[str]) -> list[str]:
    """Those of these names that mean whoever is on call."""
    return [name for name in names if name.startswith(PREFIX)]
