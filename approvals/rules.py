"""What an ordered list of policies says about one intent. Pure: no database, no clock.

    {"match": {"types": ["intent.infra.*"], "senders": ["deploy-bot"], "targets": ["agent://acme/production/*"],
               "when": "payload.env == 'prod'"},
     "action": "require" | "approve" | "deny", "continue": false, "author_fields": ["author"],
     "clean_up": "rollback", "on_agent_failure": "fail" | "ask",
     "gates": [{"place": "before" | "after" | {"before": "STEP"} | {"after": "STEP"},
                "task_type": "approval", "title": "", "instructions": "", "outcomes": [["approved", "yes"], ...],
                "form": {...}, "comment_required": true | false | ["rejected"],
                "requirement": [{"who": ["team:sre"], "need": 1}], "rejections": 1, "exclude": ["previous_approvers"],
                "inform": ["team:managers"], "strength": "link" | "linked" | "signed_in" | {"signed_in_within": 15},
                "risk": "low" | "normal" | "high", "editable": ["payload.count"], "fillable": ["payload.ticket"],
                "secret": ["payload.token"], "deadline": 3600, "warn_before": 600, "on_timeout": "expire",
                "extend": {"who": ["team:sre"], "most": 7200}, "chain": "NAME" | {...},
                "remind": {"after": 60, "interval": 60, "max": 3}, "escalate_to": ["team:leads"]}]}

`approvals.rulebook` checks it, key by key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from approvals.rulebook.body import check_body
from approvals.rulebook.times import DEFAULT_DEADLINE, LONGEST_GATE
from approvals.rulebook.words import RuleRefused
from intents.addresses import matches

__all__ = ["DEFAULT_DEADLINE", "LONGEST_GATE", "Rule", "RuleRefused", "Ruling", "check_body", "rule_on"]


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

    def matches(self, intent_type: str) -> bool:
        """True if one of its type patterns fits."""
        return matches(self.body["match"]["types"], intent_type)


@dataclass(frozen=True)
class Ruling:
    """What the ordered list says about one intent. `found` is False when nothing matched."""

    denied_by: Rule | None
    passed_by: Rule | None
    required: tuple[Rule, ...]
    reasons: tuple[dict[str, Any], ...]

    @property
    def found(self) -> bool:
        """True if at least one policy decided."""
        return bool(self.denied_by or self.passed_by or self.required)


def rule_on(rules: list[Rule], intent_type: str) -> Ruling:
    """A matching deny anywhere wins; otherwise the first match decides, and the next one too if it says continue."""
    fits = [rule for rule in rules if rule.matches(intent_type)]
    reasons = tuple(
        {"policy": rule.name, "version": rule.version, "matched": rule in fits, "action": rule.action} for rule in rules
    )
    denied = next((rule for rule in fits if rule.action == "deny"), None)
    required: list[Rule] = []
    passed: Rule | None = None
    for rule in fits if denied is None else []:
        if rule.action == "require":
            required.append(rule)
        else:
            passed = passed or rule
        if not rule.body.get("continue"):
            break
    return Ruling(denied, None if required else passed, tuple(required), reasons)
