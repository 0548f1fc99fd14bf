"""`manage.py key`: make a machine's key. The secret is printed once and never to be had again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.directory import member
from config.operator import operator
from intents.errors import DomainError
from intents.models import Workspace
from intents.services.durable import durable
from intents.services.keys import SCOPES, account_for, agent_for_name, create_key
from intents.services.provision import MOST_KEYS, check_room


class Command(BaseCommand):
    """For a sender: --scope send. For an agent: --scope work --agent NAME (registered if it is missing)."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose key it is and what it may do."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("name", help="the service account that owns the key; made if missing")
        parser.add_argument("--scope", action="append", choices=SCOPES, required=True)
        parser.add_argument("--agent", help="the one agent that a work key is for")
        parser.add_argument("--type", action="append", default=[], help="a pattern, e.g. intent.infra.*")
        parser.add_argument("--target", action="append", default=[], help="a pattern of agent addresses")
        parser.add_argument("--owner", action="append", default=[], help="e-mail of a person who answers for the key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the secret."""
        org, _, name = options["workspace"].partition("/")
        workspace = Workspace.objects.filter(org=org, name=name).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']!r}.")
        owners = [self._owner(workspace, email) for email in options["owner"]]
        try:
            with durable():
                secret = self._secret(workspace, owners, options)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(secret)

    def _secret(self, workspace: Workspace, owners: list[str], options: dict[str, Any]) -> str:
        name = options["agent"]
        agent = agent_for_name(workspace, name, operator()) if name else None
        account = account_for(workspace, options["name"], agent, operator())
        check_room(account, MOST_KEYS)
        _, secret = create_key(
            account,
            scopes=options["scope"],
            agent=agent,
            types=options["type"],
            targets=options["target"],
            owners=owners or None,
            actor=operator(),
        )
        return secret

    def _owner(self, workspace: Workspace, email: str) -> str:
        person = member(workspace, email)
        if person is None:
            raise CommandError(f"{email} is no member of {workspace}.")
        return person.ref
