"""Reading a workspace's chain back: does it fit, and is every intent that a checkpoint named there as it was named?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from intents.digest import digest_of_bytes
from intents.models import Event, Workspace, WorkspaceChain, WorkspaceEntry
from intents.services import checkpoints
from intents.services.changes import details_of_entry, hash_of_entry
from intents.services.ledger import Head, Ledger
from intents.services.verify import REWORDED, Chain

ARCHIVED = "history.archived"
SOME = 200  # intents looked up in one read

GONE = "it is missing, though checkpoint {entry} names it"
OTHER = "it is not the one that checkpoint {entry} names"
AHEAD = "the mark from which checkpoints go on is further than any of them"
LEFT_OUT = "the checkpoint leaves out events before those that it names"


class EntryWalk(Chain[WorkspaceEntry]):
    """The way along a workspace's entries; what they name is noted in the ledger."""

    def __init__(self, workspace: Workspace, ledger: Ledger, only: UUID | None = None) -> None:
        super().__init__(WorkspaceEntry.objects.filter(workspace=workspace))
        self.workspace, self.ledger, self.only = workspace, ledger, only
        self.checkpoints = 0

    def first_misfit(self) -> str:
        """The first wrong place in words; "" if all of it fits."""
        self.ledger.begin()
        if found := self.fault():
            return f"{self.workspace} entry {found[0]}: {found[1]}"
        if lost := self.ledger.first_lost():
            why = (OTHER if lost.is_other else GONE).format(entry=lost.entry)
            return f"{self.workspace} intent {lost.intent} event {lost.seq}: {why}"
        return ""

    def end(self) -> tuple[int, str]:
        """The chain's row names it; a workspace of which nothing was ever recorded has none."""
        rows = WorkspaceChain.objects.filter(pk=self.workspace.pk)
        return rows.values_list("last_seq", "last_hash").first() or (0, "")

    def genuine(self, row: WorkspaceEntry) -> str:
        """As it was recorded."""
        return hash_of_entry(row)

    def reworded(self, row: WorkspaceEntry) -> str:
        """The body is part of the row, and never purged."""
        return REWORDED if digest_of_bytes(row.body.encode()) != row.body_digest else ""

    def seen(self, row: WorkspaceEntry) -> None:
        """Look up what a checkpoint names; note what an archive took away."""
        if row.change == ARCHIVED:
            self.ledger.archived(self._heads(details_of_entry(row)))
        if row.change == checkpoints.CHANGE:
            details = details_of_entry(row)
            self.checkpoints += 1
            self.ledger.span(details["after"], details["through"], f"{self.workspace} entry {row.seq}")
            self.ledger.lost(row.seq, lost_among(self._heads(details), self.workspace))

    def _heads(self, details: dict[str, Any]) -> Iterator[Head]:
        heads = (Head(UUID(intent), seq, link) for intent, seq, link in details["intents"])
        return (head for head in heads if self.only in (None, head.intent))


def lost_among(heads: Iterator[Head], workspace: Workspace) -> Iterator[tuple[Head, bool]]:
    """Those whose event is not there with this hash, and whether another one stands in its place.

    An event whose intent's row is gone is not there: nobody sees it any more.
    """
    while some := list(islice(heads, SOME)):
        rows = Event.objects.filter(intent__in={head.intent for head in some}, seq__in={head.seq for head in some})
        rows = rows.filter(intent__workspace=workspace)
        found = {(intent, seq): link for intent, seq, link in rows.values_list("intent_id", "seq", "hash")}
        for head in some:
            link = found.get((head.intent, head.seq))
            if link != head.hash:
                yield head, link is not None
