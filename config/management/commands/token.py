"""`manage.py token`: make a person's token for the API and the CLI. It is printed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.directory import member
from approvals.services.tokens import LONGEST_LIFE, create_token
from config.operator import operator
from intents.models import Workspace


class Command(BaseCommand):
    """The token may see; with --decide it may also decide, as that person."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose token it is and for how long."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("email", help="an active member of the workspace")
        parser.add_argument("--decide", action="store_true", help="with the right to decide")
        parser.add_argument("--days", type=int, default=30, help=f"at most {LONGEST_LIFE.days}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token."""
        org, _, name = options["workspace"].partition("/")
        workspace = Workspace.objects.filter(org=org, name=name).first()
        person = member(workspace, options["email"]) if workspace else None
        if workspace is None or person is None:
            raise CommandError(f"{options['email']} is no active member of {options['workspace']}.")
        if not 1 <= options["days"] <= LONGEST_LIFE.days:
            raise CommandError(f"--days is from 1 to {LONGEST_LIFE.days}.")
        life = timedelta(days=options["days"])
        self.stdout.write(
            create_token(person, workspace, "command line", life, can_decide=options["decide"], actor=operator())
        )
