"""A configuration file on its way in: what it says, for whom, and the faults that were found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from approvals.configfile.reading import Path, Read, place
from approvals.models import Person
from approvals.rules import RuleRefused
from approvals.schedulerules import ScheduleRefused
from intents.models import Workspace

WHERE = re.compile(r"^[a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*")


@dataclass(frozen=True)
class Fault:
    """Why the file is refused, and in which line."""

    line: int
    message: str


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


def _parts(where: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[a-z_]+|\d+", where))
