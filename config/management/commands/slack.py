"""`manage.py slack`: whether Slack works, in the words of the set-up page; and the manifest of its app."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from notifications.models import SlackInstallation
from notifications.places import is_public
from notifications.slack.checking import faults_of
from notifications.slack.manifest import as_json


class Command(BaseCommand):
    """`check` asks Slack about each workspace's app; `manifest` prints what to paste at api.slack.com/apps."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do."""
        parser.add_argument("act", choices=("check", "manifest"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 if something does not work."""
        public = is_public(settings.BASE_URL)
        if options["act"] == "manifest":
            self.stdout.write(as_json(settings.BASE_URL, public=public))
            return
        if not self._check(socket_mode=not public):
            sys.exit(1)

    def _check(self, *, socket_mode: bool) -> bool:
        """One line for each app, and one for each fault. True if all of them work."""
        rows = list(SlackInstallation.objects.select_related("workspace").order_by("workspace__org", "workspace__name"))
        if not rows:
            self.stdout.write(f"No workspace has a Slack app. Set one up at {settings.BASE_URL}/setup/slack.")
        works = True
        for row in rows:
            faults = faults_of(row, socket_mode=socket_mode)
            self.stdout.write(f"{row.workspace}: {row}, {'out of order' if faults else 'works'}")
            for fault in faults:
                self.stdout.write(f"  {fault}")
            works = works and not faults
        return works
