"""`manage.py verify_history`: read the history again, and name the first event that is not as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from intents.models import Intent, Workspace
from intents.services.verify import Misfit, Walk

PAGE = 200  # intents in one read


class Command(BaseCommand):
    """Changes nothing, holds no lock, and may run beside everything else. Exit code 1 if something does not fit."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which intents; all without these."""
        parser.add_argument("--workspace", help="only this one: org/name, e.g. acme/production")
        parser.add_argument("--intent", type=UUID, help="only this one: its id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how much was checked when all of it fits."""
        intents = events = 0
        for intent in oldest_first(self._chosen(options["workspace"], options["intent"])):
            walk = Walk(intent)
            if misfit := walk.to_the_end():
                raise CommandError(told(intent, misfit))
            intents, events = intents + 1, events + walk.seq
        self.stdout.write(f"The history fits: {intents} intents, {events} events checked.")

    def _chosen(self, workspace: str | None, intent: UUID | None) -> QuerySet[Intent]:
        chosen = Intent.objects.select_related("workspace").only("workspace__org", "workspace__name")
        if workspace:
            org, _, name = workspace.partition("/")
            if not Workspace.objects.filter(org=org, name=name).exists():
                raise CommandError(f"There is no workspace {workspace!r}.")
            chosen = chosen.filter(workspace__org=org, workspace__name=name)
        if intent:
            chosen = chosen.filter(pk=intent)
            if not chosen.exists():
                raise CommandError(f"There is no intent {intent}{f' in {workspace}' if workspace else ''}.")
        return chosen


def oldest_first(intents: QuerySet[Intent]) -> Iterator[Intent]:
    """All of them by id, which begins with the time, a page at a time."""
    rows, page = intents.order_by("pk"), list(intents.order_by("pk")[:PAGE])
    while page:
        yield from page
        page = list(rows.filter(pk__gt=page[-1].pk)[:PAGE])


def told(intent: Intent, misfit: Misfit) -> str:
    """One line for people and for grep."""
    return f"The history does not fit: {intent.workspace} intent {misfit.intent_id} event {misfit.seq}: {misfit.why}."
