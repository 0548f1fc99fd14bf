"""What the chains name, noted in a temporary file: memory stays small however many intents there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID


class Head(NamedTuple):
    """An intent's event as an entry names it."""

    intent: UUID
    seq: int
    hash: str


class Lost(NamedTuple):
    """An event that an entry names and that is not there as named."""

    entry: int
    intent: UUID
    seq: int
    is_other: bool


class Ledger:
    """A SQLite database without a name: it lives in a temporary file and is gone when this is."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.executescript("""
            CREATE TABLE lost (entry INTEGER, intent TEXT, seq INTEGER, hash TEXT, is_other INTEGER);
            CREATE TABLE archived (intent TEXT PRIMARY KEY, seq INTEGER, hash TEXT);
            CREATE TABLE span (after INTEGER, through INTEGER, place TEXT);
        """)

    def begin(self) -> None:
        """Forget what other workspaces named: an archive speaks for its own alone."""
        self._db.executescript("DELETE FROM lost; DELETE FROM archived;")

    def archived(self, heads: Iterable[Head]) -> None:
        """These intents were moved into a file, with these last events."""
        rows = [(str(head.intent), head.seq, head.hash) for head in heads]
        self._db.executemany("INSERT OR REPLACE INTO archived VALUES (?, ?, ?)", rows)

    def lost(self, entry: int, heads: Iterable[tuple[Head, bool]]) -> None:
        """These are not there, unless they were archived."""
        rows = [(entry, str(head.intent), head.seq, head.hash, is_other) for head, is_other in heads]
        self._db.executemany("INSERT INTO lost VALUES (?, ?, ?, ?, ?)", rows)

    def first_lost(self) -> Lost | None:
        """The first that is not there and was not archived, with all that it had then, either."""
        found = self._db.execute("""
            SELECT entry, lost.intent, lost.seq, is_other FROM lost LEFT JOIN archived ON archived.intent = lost.intent
            WHERE is_other OR archived.intent IS NULL OR archived.seq < lost.seq
               OR (archived.seq = lost.seq AND archived.hash <> lost.hash)
            ORDER BY lost.rowid LIMIT 1
        """).fetchone()
        return Lost(found[0], UUID(found[1]), found[2], bool(found[3])) if found else None

    def reached(self) -> int:
        """How far the checkpoints go in the events' ids."""
        return int(self._db.execute("SELECT coalesce(max(through), 0) FROM span").fetchone()[0])

    def span(self, after: int, through: int, place: str) -> None:
        """A checkpoint covers the events with these ids."""
        self._db.execute("INSERT INTO span VALUES (?, ?, ?)", (after, through, place))

    def gap(self) -> str:
        """The first checkpoint that does not begin where those before it ended; "" if all do."""
        reached = 0
        for after, through, place in self._db.execute("SELECT * FROM span ORDER BY through, after"):
            if after > reached:
                return str(place)
            reached = max(reached, through)
        return ""
