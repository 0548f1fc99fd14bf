"""`manage.py import_schedule`: the events of an iCalendar file become overrides of a schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.calendars import MOST_BYTES
from approvals.models import Schedule
from approvals.schedulerules import ScheduleRefused
from approvals.services.calendars import import_calendar
from config.operator import operator, workspace_named


class Command(BaseCommand):
    """The whole file or, with a sentence, nothing of it. Run again it makes nothing twice."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which schedule, and the file."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("name", help="the schedule, e.g. primary")
        parser.add_argument("file", type=Path, help="an .ics file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name what was made."""
        workspace = workspace_named(options["workspace"])
        schedule = Schedule.objects.filter(workspace=workspace, name=options["name"]).first()
        if schedule is None:
            raise CommandError(f"There is no schedule {options['name']!r} in {workspace}: make it first.")
        try:
            with options["file"].open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            done = import_calendar(schedule, content, author=None, actor=operator())
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        except ScheduleRefused as error:
            raise CommandError(str(error)) from error
        for row in done.made:
            self.stdout.write(f"{row} to {row.ends_at:%Y-%m-%d %H:%M} UTC")
        self.stdout.write(f"{len(done.made)} overrides were made, {done.known} were there already.")
