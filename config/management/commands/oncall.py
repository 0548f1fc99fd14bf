"""`manage.py oncall`: who is on call in a schedule, now or at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from approvals.rotas import roster_named
from config.operator import workspace_named
from intents import clock


class Command(BaseCommand):
    """One line: the person and until when."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which schedule, and when."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("name", help="the schedule, e.g. primary")
        parser.add_argument("--at", default="", help="a moment such as 2026-12-24T18:00:00Z; UTC if it names no zone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say it in the schedule's own time."""
        at = _moment(options["at"])
        roster = roster_named(workspace_named(options["workspace"]), options["name"], at)
        if roster is None:
            raise CommandError(f"There is no schedule {options['name']!r} in {options['workspace']}.")
        zone = roster.rota.zone
        until = roster.next_change(at, at + timedelta(days=30))
        who = (roster.on_call(at) or "nobody").removeprefix("person:")
        end = f" until {until.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}" if until else ", with no change in 30 days"
        self.stdout.write(f"{who}{end}")


def _moment(text: str) -> datetime:
    if not text:
        return clock.now()
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--at {text!r} is no moment such as 2026-12-24T18:00:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
