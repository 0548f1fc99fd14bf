"""`manage.py replay`: what a draft would have done to the intents of the last days. Nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.rules import Rule, RuleRefused, check_body
from approvals.services.linting import with_draft
from approvals.services.replay import replay
from config.operator import workspace_named
from intents.models import Workspace
from intents.strictjson import JsonRefused, parse

SHAPE = 'It is {"name": "infra", "position": 10, "body": {...}}, or a list of such: then it stands for the whole list.'


class Command(BaseCommand):
    """By the newest intents, 10,000 at most; the conditions of drafts are weighed on the payloads that were sent."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workspace, which draft, and how far back."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("file", help=f"JSON. {SHAPE}")
        parser.add_argument("--days", type=int, default=30, help="how far back; 30 if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the counts."""
        workspace = workspace_named(options["workspace"])
        if options["days"] < 1:
            raise CommandError("--days is at least 1.")
        draft = _draft(workspace, options["file"])
        self.stdout.write(replay(workspace, draft, options["days"]).words)


def _draft(workspace: Workspace, name: str) -> list[Rule]:
    try:
        read = parse(Path(name).read_bytes())
    except (OSError, JsonRefused) as error:
        raise CommandError(f"{name}: {error}") from error
    if isinstance(read, dict):
        entry = _entry(read)
        return with_draft(workspace, entry["name"], entry["body"], entry.get("position", 0))
    entries = sorted(map(_entry, read if isinstance(read, list) else [None]), key=lambda each: each.get("position", 0))
    return [Rule(entry["name"], 0, entry["body"]) for entry in entries]


def _entry(value: Any) -> dict[str, Any]:
    """CommandError unless it names a policy and says what it says."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or "body" not in value:
        raise CommandError(f"This is no draft of policies. {SHAPE}")
    if not isinstance(value.get("position", 0), int):
        raise CommandError("position is a whole number.")
    try:
        check_body(value["body"])
    except RuleRefused as error:
        raise CommandError(f"{value['name']}: {error}") from error
    return value
