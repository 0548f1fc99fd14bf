"""What the first start makes: a workspace in which everything can be tried, and two files for scripts.

Safe to run again: what is there is left as it is, and only what is missing or has run out is made anew.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from approvals.models import ApprovalSettings, Membership, Person, PersonalToken, Policy, Team
from approvals.services.people import password_changed
from approvals.services.policies import save_policy
from approvals.services.tokens import create_token
from config.secretfile import write_private
from intents import clock
from intents.errors import Unauthenticated
from intents.models import Workspace
from intents.services.configuration import FIRST_START, recorded
from intents.services.keys import account_for, agent_for_name, create_key, digest_of_secret, key_of

ADMIN = ("you@acme.example", "You")
SAMPLES = (("sample-1@acme.example", "Sample Reviewer 1"), ("sample-2@acme.example", "Sample Reviewer 2"))
AGENT = "infra-validator"
TOKEN_LIFE = timedelta(hours=24)
TOKEN_NAME = "first run"  # noqa: S105 - the name of a token
INFRA_CHANGES: dict[str, Any] = {
    "match": {"types": ["intent.infra.*"]},
    "action": "require",
    "gates": [
        {
            "place": "after",
            "requirement": [{"who": ["team:sre"], "need": 1}],
            "deadline": 3600,
            "on_timeout": "expire",
            "remind": {"after": 60, "interval": 60, "max": 3},
        }
    ],
}
NOTIFY: dict[str, Any] = {"match": {"types": ["notify.*"]}, "action": "approve", "gates": []}


@dataclass(frozen=True)
class Files:
    """`first-run.json` and `people.json` in the data folder, readable by their owner only."""

    folder: Path

    @property
    def keys(self) -> Path:
        """The url, the workspace and the machines' keys."""
        return self.folder / "first-run.json"

    @property
    def people(self) -> Path:
        """The people's passwords and tokens."""
        return self.folder / "people.json"


def prepare(files: Files) -> Person:
    """Make the sample workspace and its files as far as they are missing. Returns the person who starts it."""
    with transaction.atomic():
        with recorded(FIRST_START, Workspace.objects.all):
            workspace, _ = Workspace.objects.get_or_create(org="acme", name="production")
        with recorded(FIRST_START, *(model.objects.all for model in (Person, Membership, Team, ApprovalSettings))):
            people = _people(workspace, _read(files.people))
            _team_and_policies(workspace)
        keys = _keys(workspace, _read(files.keys))
    write_private(files.people, json.dumps(people, indent=2) + "\n")
    write_private(
        files.keys, json.dumps({"url": settings.BASE_URL, "workspace": str(workspace), **keys}, indent=2) + "\n"
    )
    return Person.objects.get(email=ADMIN[0])


def _read(path: Path) -> dict[str, Any]:
    """The file's content; {} if it is missing or broken."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _people(workspace: Workspace, known: dict[str, Any]) -> dict[str, Any]:
    entries = {entry.get("email"): entry for entry in [known.get("admin") or {}, *(known.get("reviewers") or [])]}
    admin = _person(workspace, *ADMIN, entries.get(ADMIN[0]) or {}, is_admin=True)
    reviewers = [_person(workspace, email, name, entries.get(email) or {}) for email, name in SAMPLES]
    return {"admin": admin, "reviewers": reviewers}


def _person(
    workspace: Workspace, email: str, name: str, entry: dict[str, Any], *, is_admin: bool = False
) -> dict[str, str]:
    person = Person.objects.filter(email=email).first()
    is_new = person is None
    if person is None:
        person = Person.objects.create_user(
            email, name=name, is_staff=is_admin, is_superuser=is_admin, is_sample=not is_admin
        )
        Membership.objects.create(person=person, workspace=workspace, is_admin=is_admin, can_break_glass=is_admin)
    password = entry.get("password") or ""
    if not password or not person.has_usable_password():
        password = secrets.token_urlsafe(15)
        person.set_password(password)
        person.save(update_fields=["password"])
        if not is_new:
            password_changed(person, FIRST_START)
    return {"email": email, "password": password, "token": _token(person, workspace, entry.get("token") or "")}


def _token(person: Person, workspace: Workspace, known: str) -> str:
    """The known token while it is good for another hour, else a fresh one for 24 h."""
    soon = clock.now() + timedelta(hours=1)
    if known and PersonalToken.objects.filter(
        digest=digest_of_secret(known), person=person, revoked_at=None, expires_at__gt=soon
    ):
        return known
    return create_token(person, workspace, TOKEN_NAME, TOKEN_LIFE, can_decide=True, actor=FIRST_START)


def _team_and_policies(workspace: Workspace) -> None:
    team, made = Team.objects.get_or_create(workspace=workspace, name="sre")
    if made:
        team.people.set(Person.objects.filter(email__in=[ADMIN[0], *(email for email, _ in SAMPLES)]))
    ApprovalSettings.objects.get_or_create(workspace=workspace, defaults={"default_approvers": ["team:sre"]})
    for position, (name, body) in enumerate((("infra-changes", INFRA_CHANGES), ("notify", NOTIFY)), start=1):
        if not Policy.objects.filter(workspace=workspace, name=name).exists():
            save_policy(workspace, name, body, position=position * 10, author=None, actor=FIRST_START)


def _keys(workspace: Workspace, known: dict[str, Any]) -> dict[str, str]:
    agent = agent_for_name(workspace, AGENT, FIRST_START, display_name="Infra validator (sample)")
    sender = account_for(workspace, "demo", actor=FIRST_START)
    worker = account_for(workspace, AGENT, agent, FIRST_START)
    sending, working = _live(known.get("sender_key")), _live(known.get("agent_key"))
    return {
        "sender_key": sending or create_key(sender, scopes=["send", "provision"], actor=FIRST_START)[1],
        "agent_key": working or create_key(worker, scopes=["work"], agent=agent, actor=FIRST_START)[1],
        "agent_address": agent.address,
    }


def _live(secret: Any) -> str:
    """The secret if it still opens something."""
    try:
        key_of(str(secret or ""))
    except Unauthenticated:
        return ""
    return str(secret)
