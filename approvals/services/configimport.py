"""Bringing a configuration file in: all of it or, with any fault, nothing. What says the same already stays as it is.

A section that stands in the file is the whole truth about its subject: a policy that it leaves out is switched off, a
team, schedule or chain is deleted. Sections that are not in the file are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from approvals.configfile.reading import Path, Read, Unreadable, place, read
from approvals.configfile.shape import faults_of
from approvals.configfile.writing import difference
from approvals.models import ApprovalSettings, Chain, Person, Policy, Schedule, Team
from approvals.rules import RuleRefused
from approvals.schedulerules import ScheduleRefused
from approvals.services import configsections as sections
from approvals.services.configexport import document_of
from intents.models import Workspace
from intents.services.configuration import record_differences, snapshot

WHERE = re.compile(r"^[a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*")
MODELS: tuple[type[Model], ...] = (ApprovalSettings, Team, Schedule, Chain, Policy)


@dataclass(frozen=True)
class Fault:
    """Why the file is refused, and in which line."""

    line: int
    message: str


@dataclass(frozen=True)
class Brought:
    """`difference`: a unified diff between what is there and what the file makes of it; "" with faults."""

    difference: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass
class Bringing:
    """One file on its way in."""

    workspace: Workspace
    author: Person | None
    file: Read
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, path: Path, message: str) -> None:
        """Note a fault; the rest is looked at all the same. A message that begins with a place leads to its line."""
        found = WHERE.match(message)
        inner = _parts(found[0].removeprefix("chain.")) if found else ()
        self.faults.append(Fault(self.file.line_of((*path, *inner)), f"{place(path)}: {message}"))

    def policy(self, name: str) -> Path:
        """Where the file has this policy."""
        entries = self.file.data.get("policies", [])
        return next((("policies", at) for at, entry in enumerate(entries) if entry["name"] == name), (name,))

    def trying(self, path: Path, write: Callable[[], object]) -> None:
        """Run one change in a savepoint of its own; a refusal becomes a fault."""
        try:
            with transaction.atomic():
                write()
        except (RuleRefused, ScheduleRefused) as error:
            self.refuse(path, str(error))
        except ValidationError as error:
            self.refuse(path, " ".join(error.messages))


def bring_in(workspace: Workspace, text: str, *, author: Person | None, actor: str, dry_run: bool = False) -> Brought:
    """What the file changes. The workspace's chain names the author, or `actor` if no person is it."""
    try:
        file = read(text)
    except Unreadable as error:
        return Brought(faults=(Fault(error.line, str(error)),))
    if misshapen := tuple(Fault(file.line_of(path), message) for path, message in faults_of(file.data)):
        return Brought(faults=misshapen)
    bringing = Bringing(workspace, author, file)
    with transaction.atomic():
        before, said = document_of(workspace), snapshot(*_rows(workspace))
        _write(bringing)
        changed = difference(before, document_of(workspace))
        if bringing.faults or dry_run:
            transaction.set_rollback(True)
        else:
            record_differences(author.actor if author else actor, said, snapshot(*_rows(workspace)))
    faults = tuple(sorted(bringing.faults, key=lambda fault: fault.line))
    return Brought("" if faults else changed, faults)


def _write(bringing: Bringing) -> None:
    """What others name comes first; whether every name leads to somebody is asked when all is there."""
    data = bringing.file.data
    for section, write in sections.WRITERS.items():
        if section in data:
            write(bringing, data[section])
    sections.check_policies(bringing)
    for message in sections.lost_approvers(bringing.workspace):
        bringing.refuse(("settings", "default_approvers"), message)


def _rows(workspace: Workspace) -> list[Callable[[], Any]]:
    return [partial(model._default_manager.filter, workspace=workspace) for model in MODELS]


def _parts(where: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[a-z_]+|\d+", where))
