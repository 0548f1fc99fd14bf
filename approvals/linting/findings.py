"""A finding, and what is known of the workspace when the list is looked at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.chains.compiling import SavedChains


@dataclass(frozen=True)
class Finding:
    """One odd thing. `code` is stable; `place` is a key of the policy's body."""

    policy: str
    code: str
    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.policy}: {self.place}: {self.sentence}"


@dataclass(frozen=True)
class Known:
    """What the rows say. `able`: how many may decide by a name, or could agree at once by several (a tuple of names).

    `holes`: the first time at which a schedule has nobody. `schemas`: active ones by type; `open_types`: why a type's
    payloads may have any shape. `places`: what is wrong with those that gates are posted to.
    """

    able: Mapping[tuple[str, ...], int]
    now: datetime
    holes: Mapping[str, datetime] = field(default_factory=dict)
    chains: SavedChains = field(default_factory=dict)
    schemas: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    open_types: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def count(self, names: list[str]) -> int:
        """How many of these could agree."""
        return self.able.get(tuple(names), 0)
