"""`manage.py dry_run`: play an example intent through, and print who is told when and how it ends. Nothing stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.serializers import ValidationError

from approvals.rules import RuleRefused
from config.operator import workspace_named
from intents import clock
from intents.errors import DomainError
from notifications.rehearsal.stage import rehearse
from notifications.rehearsal.timeline import in_text
from notifications.rehearsal.wire import read_dry_run

ACT_HINT = 'An act is "+30m ana@acme.example approve", with a comment after it if one is needed.'


class Command(BaseCommand):
    """The real engine plays it, with its clock moved on by hand, in a transaction that is undone."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The intent, the moment, who does what, and drafts."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("--type", required=True, help="e.g. intent.infra.change_approval.v1")
        parser.add_argument("--to", default="human", help="the agent's address, or human")
        parser.add_argument("--payload", default="{}", help="JSON")
        parser.add_argument("--requested-by", default="", help="e-mail of a member")
        parser.add_argument("--sender", default="dry-run", help="the name of a service account")
        parser.add_argument("--at", default="", help='"Sunday 03:00", "2026-12-06 03:00"; now if left out')
        parser.add_argument("--zone", default="UTC", help="e.g. Europe/Berlin")
        parser.add_argument("--act", action="append", default=[], help=ACT_HINT)
        parser.add_argument("--agent-after", default="1s", help='when agents answer; "never" if nobody listens')
        parser.add_argument("--agent-fails", action="store_true", help="agents report a failure")
        parser.add_argument("--draft", action="append", default=[], metavar="NAME=FILE", help="a policy's body as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the timeline."""
        workspace = workspace_named(options["workspace"])
        try:
            script, zone, _ = read_dry_run(_body(options), clock.now())
            play = rehearse(workspace, script)
        except ValidationError as error:
            raise CommandError(json.dumps(error.detail)) from error
        except (DomainError, RuleRefused) as error:
            raise CommandError(str(error)) from error
        for warning in play.warnings:
            self.stderr.write(f"warning: {warning}")
        self.stdout.write(in_text(play, zone))


def _body(options: dict[str, Any]) -> dict[str, Any]:
    intent = {"intent_type": options["type"], "to_agent": options["to"], "payload": _json(options["payload"])}
    after = None if options["agent_after"] == "never" else options["agent_after"]
    body = {
        "intent": intent | ({"requested_by": options["requested_by"]} if options["requested_by"] else {}),
        "zone": options["zone"],
        "sender": options["sender"],
        "acts": [_act(text) for text in options["act"]],
        "agent": {"after": after, "fails": options["agent_fails"]},
        "policies": [_draft(text) for text in options["draft"]],
    }
    return body | ({"at": options["at"]} if options["at"] else {})


def _act(text: str) -> dict[str, str]:
    parts = text.split(None, 3)
    if len(parts) < 3:
        raise CommandError(f"{text!r} is no act. {ACT_HINT}")
    return dict(zip(("after", "who", "does", "comment"), parts, strict=False))


def _draft(text: str) -> dict[str, Any]:
    name, found, path = text.partition("=")
    try:
        return {"name": name, "body": _json(Path(path).read_text()), "position": 0}
    except OSError as error:
        raise CommandError(f"--draft {text}: {error.strerror}." if found else "--draft is NAME=FILE.") from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"This is not JSON: {error}.") from error
