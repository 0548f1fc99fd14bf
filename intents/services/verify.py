"""Reading history back: does every event fit the one before it, and does the last one fit its intent?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from intents.digest import digest_of_bytes
from intents.models import Event, Intent
from intents.services.record import hash_of

PAGE = 100  # events in one read: texts may be large

MISSING = "it is missing"
SURPLUS = "it stands before the first event"
FORGED = "its hash does not fit what it says"
BROKEN = "it does not continue the event before it"
REWORDED = "its details were changed"
CUT_OFF = "it is missing, and so is all after it"
GARBLED = "it cannot be read"
BEYOND = "it comes after the last event that the intent's row names"
OTHER_END = "it is not the last event that the intent's row names"

UNREADABLE = (AttributeError, TypeError, ValueError)  # SQLite holds anything in any column


@dataclass(frozen=True)
class Misfit:
    """The first place of an intent's history that is not as it was written."""

    intent_id: UUID
    seq: int
    why: str


def first_misfit(intent: Intent) -> Misfit | None:
    """Where the intent's history stops being genuine; None if all of it fits, purged texts or not."""
    return Walk(intent).to_the_end()


def chain_fits(intent: Intent) -> bool:
    """True if the intent's events are gapless, each hash fits, and the last is the one that the intent names."""
    return first_misfit(intent) is None


class Walk:
    """One way along an intent's events, in short reads, while others may write; `seq` is how many fitted so far."""

    def __init__(self, intent: Intent) -> None:
        self.intent = intent
        self.seq, self.hash = 0, ""

    def to_the_end(self) -> Misfit | None:
        """Goes on until the intent's row, read after the events, names the event reached."""
        while True:
            reached = self.seq
            if misfit := self._along():
                return misfit
            last_seq, last_hash = Intent.objects.values_list("last_seq", "last_hash").get(pk=self.intent.pk)
            if last_seq < self.seq:
                return self._misfit(last_seq + 1, BEYOND)
            if last_seq == self.seq > 0:
                return None if last_hash == self.hash else self._misfit(self.seq, OTHER_END)
            if self.seq == reached:  # nothing came, though the row says that there is more
                return self._misfit(self.seq + 1, CUT_OFF)

    def _along(self) -> Misfit | None:
        try:
            return next(filter(None, map(self._step, self._following())), None)
        except UNREADABLE:
            return self._misfit(self.seq + 1, GARBLED)

    def _following(self) -> Iterator[Event]:
        rows = Event.objects.filter(intent=self.intent).select_related("text").order_by("seq")
        after, size = self.seq or -1, PAGE  # from the beginning also what somebody put before the first
        while True:
            try:
                page = list(rows.filter(seq__gt=after)[:size])
            except UNREADABLE:
                if size == 1:
                    raise
                size = 1  # up to the row at fault
                continue
            yield from page
            if len(page) < size:
                return
            after = page[-1].seq

    def _step(self, row: Event) -> Misfit | None:
        expected = self.seq + 1
        if row.seq != expected:
            return self._misfit(min(row.seq, expected), MISSING if row.seq > expected else SURPLUS)
        if why := self._fault(row):
            return self._misfit(expected, why)
        self.seq, self.hash = row.seq, row.hash
        return None

    def _fault(self, row: Event) -> str:
        if row.hash != hash_of(row, str(self.intent.workspace_id)):
            return FORGED
        if row.previous_hash != self.hash:
            return BROKEN
        text = getattr(row, "text", None)
        if text is not None and digest_of_bytes(text.body.encode()) != row.details_digest:
            return REWORDED
        return ""

    def _misfit(self, seq: int, why: str) -> Misfit:
        return Misfit(self.intent.pk, seq, why)
