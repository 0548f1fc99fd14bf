"""Who must agree, and whether they have: a list of (people, count), all to be met. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from approvals.outcomes import OutcomeClass


@dataclass(frozen=True)
class Line:
    """`need` of `people` must agree. `who` is how the admin wrote it."""

    who: tuple[str, ...]
    need: int
    people: frozenset[str]


@dataclass(frozen=True)
class LineTally:
    """How far one line is: who has agreed, each person filling one seat."""

    line: Line
    agreed: tuple[str, ...]

    @property
    def have(self) -> int:
        """How many have agreed."""
        return len(self.agreed)

    @property
    def is_met(self) -> bool:
        """True once enough have agreed."""
        return self.have >= self.line.need


@dataclass(frozen=True)
class Tally:
    """All lines, and the class that the votes amount to; None while the gate stays open."""

    lines: tuple[LineTally, ...]
    result: OutcomeClass | None


def tally(lines: Sequence[Line], rejections: int, votes: Mapping[str, OutcomeClass]) -> Tally:
    """Count the votes. Without any line nobody may decide and nothing is ever met.

    back closes at once; no closes when `rejections` is reached or some line can no longer be met; yes closes
    when every line is met.
    """
    yes = {person for person, cls in votes.items() if cls == OutcomeClass.YES}
    no = {person for person, cls in votes.items() if cls == OutcomeClass.NO}
    counted = tuple(LineTally(line, tuple(sorted(yes & line.people))) for line in lines)
    return Tally(counted, _result(counted, rejections, no, OutcomeClass.BACK in votes.values()))


def _result(lines: Sequence[LineTally], rejections: int, no: set[str], sent_back: bool) -> OutcomeClass | None:
    seated = set().union(*(each.line.people for each in lines)) if lines else set()
    if sent_back:
        return OutcomeClass.BACK
    if len(no & seated) >= rejections or any(_impossible(each.line, no) for each in lines):
        return OutcomeClass.NO
    if lines and all(each.is_met for each in lines):
        return OutcomeClass.YES
    return None


def _impossible(line: Line, no: set[str]) -> bool:
    """True if refusals alone have made this line unreachable; a shrunken team has not refused anything."""
    return bool(no & line.people) and len(line.people - no) < line.need
