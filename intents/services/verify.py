"""Reading history back: does every event fit the one before it, and does the last one fit its intent?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.db import DataError, OperationalError
from django.db.models import QuerySet

from intents.digest import digest_of_bytes
from intents.models import Event, Intent, WorkspaceEntry
from intents.services.record import hash_of
from intents.services.verify_rows import row_fault, was_purged

PAGE = 100  # events in one read: texts may be large

MISSING = "it is missing"
SURPLUS = "it stands before the first one"
FORGED = "its hash does not fit what it says"
BROKEN = "it does not continue the one before it"
REWORDED = "its details were changed"
TEXT_LOST = "its details are gone, and no purge in the workspace's chain accounts for that"
CUT_OFF = "it is missing, and so is all after it"
GARBLED = "it cannot be read"
BEYOND = "it comes after the end that is noted for its chain"
OTHER_END = "it is not the end that is noted for its chain"

UNREADABLE = (AttributeError, TypeError, ValueError, ArithmeticError, KeyError, DataError, OperationalError)
"""SQLite holds anything in any column, PostgreSQL moments that Python has not. See `unless_its_content`."""


@dataclass(frozen=True)
class Misfit:
    """The first place of an intent's history that is not as it was written."""

    intent_id: UUID
    seq: int
    why: str


def unless_its_content(error: Exception) -> None:
    """Raise the error again if it is the database's and not the row's: nobody is blamed for a lost connection."""
    if isinstance(error, OperationalError) and "decode" not in str(error):
        raise error


def first_misfit(intent: Intent) -> Misfit | None:
    """Where the intent's history stops being genuine; None if all of it fits, purged texts or not."""
    return Walk(intent).to_the_end()


def chain_fits(intent: Intent) -> bool:
    """True if the intent's events are gapless, each hash fits, and the last is the one that the intent names."""
    return first_misfit(intent) is None


Fault = tuple[int, str]
Row = TypeVar("Row", Event, WorkspaceEntry)


class Chain(Generic[Row]):
    """One way along a chain, in short reads, while others may write; `seq` is how many fitted so far."""

    def __init__(self, rows: QuerySet[Row]) -> None:
        self.rows: QuerySet[Row] = rows.order_by("seq")
        self.seq, self.hash = 0, ""

    def end(self) -> tuple[int, str] | None:
        """Where the chain ends by the row that says so, asked after the rows; None if it was archived meanwhile."""
        raise NotImplementedError

    def genuine(self, row: Row) -> str:
        """The hash that the row must carry."""
        raise NotImplementedError

    def reworded(self, row: Row) -> str:
        """How what stands beside the row is not what it was written with; "" if it is."""
        raise NotImplementedError

    def seen(self, row: Row) -> None:
        """What else is to be done with a row that fits."""

    def fault(self) -> Fault | None:
        """The first place that does not fit, and why. Goes on until the end that was asked for is reached."""
        while True:
            reached = self.seq
            if found := self._along():
                return found
            if (end := self.end()) is None:
                return None
            last_seq, last_hash = end
            if not isinstance(last_seq, int):
                return self.seq + 1, GARBLED
            if last_seq < self.seq:
                return last_seq + 1, BEYOND
            if last_seq == self.seq:
                return None if last_hash == self.hash else (self.seq, OTHER_END)
            if self.seq == reached:  # nothing came, though there should be more
                return self.seq + 1, CUT_OFF

    def _along(self) -> Fault | None:
        try:
            return next(filter(None, map(self._step, self._following())), None)
        except UNREADABLE as error:
            unless_its_content(error)
            return self.seq + 1, GARBLED

    def _following(self) -> Iterator[Row]:
        after, size = self.seq or -1, PAGE  # from the beginning also what somebody put before the first
        while True:
            try:
                page = list(self.rows.filter(seq__gt=after)[:size])
            except UNREADABLE as error:
                unless_its_content(error)
                if size == 1:
                    raise
                size = 1  # up to the row at fault
                continue
            yield from page
            if len(page) < size:
                return
            after = page[-1].seq

    def _step(self, row: Row) -> Fault | None:
        expected = self.seq + 1
        if row.seq != expected:
            return min(row.seq, expected), MISSING if row.seq > expected else SURPLUS
        if why := self._why(row):
            return expected, why
        self.seq, self.hash = row.seq, row.hash
        self.seen(row)
        return None

    def _why(self, row: Row) -> str:
        if row.hash != self.genuine(row):
            return FORGED
        if row.previous_hash != self.hash:
            return BROKEN
        return self.reworded(row)


class Walk(Chain[Event]):
    """The way along an intent's events. `noted` is the end that the intent's row named just before, if it was read."""

    def __init__(self, intent: Intent, noted: tuple[int, str] = (0, "")) -> None:
        super().__init__(Event.objects.filter(intent=intent).select_related("text"))
        self.intent, self.noted = intent, noted
        self._knows_purge = False
        self.first: Event | None = None
        self.last: Event | None = None

    def to_the_end(self) -> Misfit | None:
        """The first misfit. An intent without any event has lost them all."""
        seq, why = self.fault() or self._row_fault() or (0, "")
        if not why and self.seq == 0 and self.end():
            seq, why = 1, CUT_OFF
        return Misfit(self.intent.pk, seq, why) if why else None

    def seen(self, row: Event) -> None:
        """Note the first and the last: the intent's row and texts are held against them."""
        self.first, self.last = self.first or row, row

    def _row_fault(self) -> Fault | None:
        if self.first is None or self.last is None:
            return None
        try:
            return row_fault(self.first, self.last)
        except UNREADABLE as error:
            unless_its_content(error)
            return self.seq, GARBLED

    def end(self) -> tuple[int, str] | None:
        """The intent's row names it. Whether a row may be gone is for the checkpoints to say."""
        if self.seq and self.noted == (self.seq, self.hash):  # it agrees: no need to ask for it again
            return self.noted
        return Intent.objects.filter(pk=self.intent.pk).values_list("last_seq", "last_hash").first()

    def genuine(self, row: Event) -> str:
        """As it was recorded."""
        return hash_of(row, str(self.intent.workspace_id))

    def reworded(self, row: Event) -> str:
        """A purged text is fine, if its purge is on record."""
        text = getattr(row, "text", None)
        if text is None:
            return "" if self._purged else TEXT_LOST
        return REWORDED if digest_of_bytes(text.body.encode()) != row.details_digest else ""

    @property
    def _purged(self) -> bool:
        """Asked when a text was missed: a purge takes the texts and says so in one transaction."""
        if not self._knows_purge:
            self._knows_purge = was_purged(self.intent)
        return self._knows_purge
