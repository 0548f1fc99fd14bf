"""Ids are UUIDv7 (RFC 9562): they sort by time, and are never a capability."""

from __future__ import annotations

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A fresh time-ordered id."""
    return uuid.UUID(int=uuid7().int)


def parse_id(text: str) -> uuid.UUID | None:
    """The id that `text` spells, or None; never an error, as every unknown id answers alike."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
