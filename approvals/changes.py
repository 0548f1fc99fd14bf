"""What changed of a payload, and why, as people are shown it: each change with the leaves before and after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.text import Row, payload_rows
from intents.masking import masked
from intents.models import Change, FormerPayload, Intent
from intents.services.payloads import has_changed

NOTHING = Row("", "empty", "(nothing)")


@dataclass(frozen=True)
class Difference:
    """A leaf of the payload before and after."""

    path: str
    before: Row
    after: Row


@dataclass(frozen=True)
class PayloadChange:
    """One change: who made it, why, when, and all that is different by it. `is_edit`: by somebody who decides."""

    actor: str
    reason: str
    at: datetime
    is_edit: bool
    differences: tuple[Difference, ...]


def changes_of(intent: Intent) -> list[PayloadChange]:
    """All changes of the intent's payload, the newest first. Nothing once it was purged."""
    if not has_changed(intent) or intent.texts.purged_at is not None:
        return []
    rows = list(intent.former_payloads.order_by("number"))
    texts, secret = (*(row.payload for row in rows), intent.texts.payload), intent.texts.secret
    payloads = [masked(json.loads(text), secret) for text in texts]
    return [_change(row, *payloads[at : at + 2]) for at, row in reversed(list(enumerate(rows)))]


def differences(old: Any, new: Any) -> tuple[Difference, ...]:
    """The leaves that are not the same, in the order of the new payload; what is gone comes last."""
    before, after = _by_path(payload_rows(old)), _by_path(payload_rows(new))
    paths = [*after, *(path for path in before if path not in after)]
    pairs = ((path, before.get(path, NOTHING), after.get(path, NOTHING)) for path in paths)
    return tuple(Difference(path, old, new) for path, old, new in pairs if (old.kind, old.text) != (new.kind, new.text))


def _change(row: FormerPayload, old: Any, new: Any) -> PayloadChange:
    return PayloadChange(row.actor, row.reason, row.at, row.change == Change.EDITED, differences(old, new))


def _by_path(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.path: row for row in rows}
