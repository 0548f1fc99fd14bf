"""One version of one policy, as it is applied. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from approvals.conditions.language import Condition, condition
from intents.addresses import matches


@dataclass(frozen=True)
class Rule:
    """One version of one policy."""

    name: str
    version: int
    body: dict[str, Any]

    @property
    def source(self) -> str:
        """How plans and gates name it."""
        return f"policy:{self.name}@{self.version}"

    @property
    def action(self) -> str:
        """require, approve or deny."""
        return str(self.body["action"])

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The gates that it requires."""
        return list(self.body.get("gates", []))

    @property
    def when(self) -> Condition | None:
        """Its condition, compiled. ConditionRefused for one that an earlier release took and this one does not."""
        source = self.body["match"].get("when")
        return condition(source) if source else None

    @property
    def continues(self) -> bool:
        """True if the next match counts, too."""
        return bool(self.body.get("continue"))

    def is_for(self, intent_type: str) -> bool:
        """True if one of its type patterns fits, whatever else it asks."""
        return matches(self.body["match"]["types"], intent_type)
