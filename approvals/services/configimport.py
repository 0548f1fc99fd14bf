"""Bringing a configuration file in: all of it or, with any fault, nothing. What says the same already stays as it is.

A section that stands in the file is the whole truth about its subject: a policy that it leaves out is switched off, a
team, schedule or chain is deleted. Sections that are not in the file are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model

from approvals.configfile.reading import Unreadable, read
from approvals.configfile.shape import faults_of
from approvals.configfile.writing import difference
from approvals.models import ApprovalSettings, Chain, Person, Policy, Schedule, Team
from approvals.services import configsections as sections
from approvals.services.bringing import Bringing, Fault
from approvals.services.configexport import document_of
from intents.models import Workspace
from intents.services.configuration import record_differences, snapshot
from intents.services.durable import durable

MODELS: tuple[type[Model], ...] = (ApprovalSettings, Team, Schedule, Chain, Policy)


@dataclass(frozen=True)
class Brought:
    """`difference`: a unified diff between what is there and what the file makes of it; "" with faults."""

    difference: str = ""
    faults: tuple[Fault, ...] = ()


def bring_in(workspace: Workspace, text: str, *, author: Person | None, actor: str, dry_run: bool = False) -> Brought:
    """What the file changes. The workspace's chain names the author, or `actor` if no person is it."""
    try:
        file = read(text)
    except Unreadable as error:
        return Brought(faults=(Fault(error.line, str(error)),))
    if misshapen := tuple(Fault(file.line_of(path), message) for path, message in faults_of(file.data)):
        return Brought(faults=misshapen)
    bringing = Bringing(workspace, author, file)
    with durable(), transaction.atomic():
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
