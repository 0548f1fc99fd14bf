"""`manage.py slack`: whether Slack works, in the words of the set-up page; and the manifest of its app."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from intents import clock
from notifications.models import SlackInstallation
from notifications.places import is_public
from notifications.slack.checking import faults_of
from notifications.slack.manifest import as_json
from notifications.slack.roomlook import faults_of_rooms
from notifications.slack.socketmode.hearing import hearing


class Command(BaseCommand):
    """`check` asks Slack about each workspace's app; `manifest` prints what to paste at api.slack.com/apps."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do."""
        parser.add_argument("act", choices=("check", "manifest"))
        parser.add_argument("--socket", action="store_true", help="a manifest with Socket Mode, whatever BASE_URL says")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 if something does not work."""
        public = is_public(settings.BASE_URL)
        if options["act"] == "manifest":
            self.stdout.write(as_json(settings.BASE_URL, public=public and not options["socket"]))
            return
        if not self._check(public=public):
            sys.exit(1)

    def _check(self, *, public: bool) -> bool:
        """One line for each app, one for each fault, or one that says how presses reach us. True if all is well."""
        rows = list(SlackInstallation.objects.select_related("workspace").order_by("workspace__org", "workspace__name"))
        if not rows:
            self.stdout.write(f"No workspace has a Slack app. Set one up at {settings.BASE_URL}/setup/slack.")
        works = True
        for row in rows:
            faults, heard = faults_of(row, socket_mode=not public), hearing(row, clock.now(), public=public)
            self.stdout.write(f"{row.workspace}: {row}, {'out of order' if faults else 'works'}")
            rooms = [] if faults else faults_of_rooms(row)
            for line in faults or [heard.words, *rooms]:
                self.stdout.write(f"  {line}")
            works = works and not faults and not rooms and heard.is_fine
        return works
