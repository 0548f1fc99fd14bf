"""`manage.py workspace`: make a workspace with its first admin, a team of them, and that team as default approvers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.models import ApprovalSettings, Membership, Person, Team
from config.operator import operator
from intents.models import Workspace
from intents.services.configuration import recorded


class Command(BaseCommand):
    """What is there already is an error, and left as it is."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workspace and who."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("--admin", required=True, help="e-mail of a person who is there (createsuperuser)")
        parser.add_argument("--team", default="approvers", help="who is asked when no policy says so")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, with its chain's first entries."""
        org, _, name = options["workspace"].partition("/")
        workspace, team = Workspace(org=org, name=name), Team(name=options["team"])
        person = Person.objects.filter(email=options["admin"].strip().lower()).first()
        if person is None:
            raise CommandError(f"There is no {options['admin']}: make them with createsuperuser or in the admin.")
        try:
            workspace.full_clean()
            team.clean_fields(exclude=["workspace"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        with recorded(operator(), *rows_of(workspace)):
            workspace.save()
            Membership.objects.create(person=person, workspace=workspace, is_admin=True)
            team.workspace = workspace
            team.save()
            team.people.add(person)
            ApprovalSettings.objects.create(workspace=workspace, default_approvers=[str(team)])
        self.stdout.write(f"{workspace} is there. {person.email} is its admin and alone in {team}.")


def rows_of(workspace: Workspace) -> list[Any]:
    """The rows that make up a new workspace."""
    models = (Membership, Team, ApprovalSettings)
    return [
        lambda: Workspace.objects.filter(pk=workspace.pk),
        *(lambda model=model: model.objects.filter(workspace=workspace) for model in models),
    ]
