"""Making long values fit into a message, and saying so. Mail clients clip what is longer than 102 KB. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils.html import escape

from approvals.text import Row
from notifications.content import Table

ROW_MARKUP_BYTES = 400
VALUE_LIMIT = 1500
PATH_LIMIT = 200


def fitting(title: str, rows: Sequence[Row], budget: int) -> Table:
    """The first rows that fit into `budget` bytes of HTML, long values cut; `left_out` owns up to both."""
    kept: list[Row] = []
    for row in (_short(row) for row in rows):
        budget -= len(escape(row.path + row.text).encode()) + ROW_MARKUP_BYTES
        if budget < 0:
            break
        kept.append(row)
    return Table(title, tuple(kept), _confession(rows, kept))


def _short(row: Row) -> Row:
    return replace(row, path=_cut(row.path, PATH_LIMIT), text=_cut(row.text, VALUE_LIMIT))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _confession(rows: Sequence[Row], kept: Sequence[Row]) -> str:
    parts = []
    if len(kept) < len(rows):
        parts.append(f"Only {len(kept)} of {len(rows)} values are in this message.")
    if any(short != row for short, row in zip(kept, rows, strict=False)):
        parts.append("Long values are cut here.")
    return " ".join([*parts, "The page shows everything in full."]) if parts else ""
