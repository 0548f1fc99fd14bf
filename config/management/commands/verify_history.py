"""`manage.py verify_history`: read the history again, and name the first place that is not as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from intents.models import CheckpointCursor, Intent, Workspace
from intents.services import verify_anchors
from intents.services.ledger import Ledger
from intents.services.verify import GARBLED, UNREADABLE, Misfit, Walk, unless_its_content
from intents.services.verify_workspace import AHEAD, LEFT_OUT, EntryWalk

PAGE = 200  # intents or workspaces in one read


class Command(BaseCommand):
    """Changes nothing, holds no lock, and may run beside everything else. Exit code 1 if something does not fit."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which part; all of it without these."""
        parser.add_argument("--workspace", default="", help="only this one: org/name, e.g. acme/production")
        parser.add_argument("--intent", type=UUID, help="only this one: its id")
        parser.add_argument("--anchor", type=Path, help="compare with the anchors in this file, too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how much was checked when all of it fits."""
        workspace, intent = options["workspace"], options["intent"]
        if workspace and not named(workspace).exists():
            raise CommandError(f"There is no workspace {workspace!r}.")
        anchors = self._anchors(options["anchor"], workspace) if options["anchor"] else None
        ledger, mark = Ledger(), checkpoint_mark()
        intents, events = self._intents(chosen(workspace, intent))
        entries = self._workspaces(workspace, intent, ledger)
        if not workspace and not intent:
            self._spans(ledger, mark)
        if intent and not intents:
            raise CommandError(f"There is no intent {intent}{f' in {workspace}' if workspace else ''}.")
        counts = [f"{intents} intents", f"{events} events", f"{entries} entries"]
        counts += [f"{anchors} anchors"] if anchors is not None else []
        self.stdout.write(f"The history fits: {', '.join(counts)} checked.")

    def _intents(self, rows: QuerySet[Intent]) -> tuple[int, int]:
        intents = events = 0
        for intent in oldest_first(rows):
            walk = Walk(intent, noted=(intent.last_seq, intent.last_hash))
            if misfit := walk.to_the_end():
                raise not_fitting(told(intent, misfit))
            intents, events = intents + 1, events + walk.seq
        return intents, events

    def _workspaces(self, workspace: str, intent: UUID | None, ledger: Ledger) -> int:
        entries = 0
        for row in oldest_first(named(workspace)):
            walk = EntryWalk(row, ledger, only=intent)
            if misfit := walk.first_misfit():
                raise not_fitting(misfit)
            entries += walk.seq
        return entries

    def _spans(self, ledger: Ledger, mark: int) -> None:
        if place := ledger.gap():
            raise not_fitting(f"{place}: {LEFT_OUT}")
        if mark > ledger.reached():
            raise not_fitting(f"events after {ledger.reached()}: {AHEAD}")

    def _anchors(self, path: Path, workspace: str) -> int:
        try:
            with path.open() as lines:
                count, misfit = verify_anchors.first_misfit(verify_anchors.read(lines, workspace))
        except (OSError, UnicodeDecodeError, verify_anchors.Unreadable) as error:
            raise CommandError(f"{path} cannot be read: {error}.") from error
        if misfit:
            raise not_fitting(misfit)
        if not count and not workspace:
            raise CommandError(f"{path} holds no anchor: nothing was compared.")
        return count


def named(workspace: str) -> QuerySet[Workspace]:
    """This workspace; all of them without a name."""
    org, _, name = workspace.partition("/")
    return Workspace.objects.filter(org=org, name=name) if workspace else Workspace.objects.all()


def chosen(workspace: str, intent: UUID | None) -> QuerySet[Intent]:
    """The intents to be checked."""
    rows = Intent.objects.filter(pk=intent) if intent else Intent.objects.all()
    rows = rows.filter(workspace__in=named(workspace)) if workspace else rows
    return rows.select_related("workspace").only("last_seq", "last_hash", "workspace__org", "workspace__name")


def oldest_first(found: QuerySet[Any]) -> Iterator[Any]:
    """All of them by id, which begins with the time, a page at a time. An id that is written in another way than
    ours would come again and again: it does not fit.
    """
    rows, after = found.order_by("pk"), None
    page = _page(rows, after)
    while page:
        for row in page:
            if after is not None and row.pk <= after:
                raise not_fitting(f"the row {row.pk}: {GARBLED}")
            after = row.pk
            yield row
        page = _page(rows.filter(pk__gt=after), after)


def _page(rows: QuerySet[Any], after: Any) -> list[Any]:
    try:
        return list(rows[:PAGE])
    except UNREADABLE as error:
        unless_its_content(error)
        raise not_fitting(f"a row after {after or 'the beginning'}: {GARBLED}") from error


def checkpoint_mark() -> int:
    """From where checkpoints go on. Read before they are: they may go on meanwhile."""
    return CheckpointCursor.objects.values_list("through", flat=True).first() or 0


def told(intent: Intent, misfit: Misfit) -> str:
    """The place in words."""
    return f"{intent.workspace} intent {misfit.intent_id} event {misfit.seq}: {misfit.why}"


def not_fitting(place: str) -> CommandError:
    """One line for people and for grep."""
    return CommandError(f"The history does not fit: {place}.")
