"""What an ordered list of policies says about one intent. Pure: no database, no clock.

    {"match": {"types": ["intent.infra.*"], "senders": ["deploy-bot"], "targets": ["agent://acme/production/*"],
               "when": "payload.env == 'prod'"},
     "action": "require" | "approve" | "deny", "continue": false, "author_fields": ["author"],
     "clean_up": "rollback", "on_agent_failure": "fail" | "ask",
     "gates": [{"place": "before" | "after" | {"before": "STEP"} | {"after": "STEP"},
                "task_type": "approval", "title": "", "instructions": "", "outcomes": [["approved", "yes"], ...],
                "form": {...}, "comment_required": true | false | ["rejected"],
                "requirement": [{"who": ["team:sre"], "need": 1}], "rejections": 1, "exclude": ["previous_approvers"],
                "inform": ["team:managers"], "post": ["slack:#deploys"],
                "strength": "link" | "linked" | "signed_in" | {"signed_in_within": 15},
                "risk": "low" | "normal" | "high", "editable": ["payload.count"], "fillable": ["payload.ticket"],
                "secret": ["payload.token"], "deadline": 3600, "warn_before": 600, "on_timeout": "expire",
                "extend": {"who": ["team:sre"], "most": 7200}, "chain": "NAME" | {...},
                "remind": {"after": 60, "interval": 60, "max": 3}, "escalate_to": ["team:leads"]}]}

`approvals.rulebook` checks it, key by key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from approvals.conditions.facts import Facts
from approvals.matching import Match, Why, match
from approvals.rulebook.body import check_body
from approvals.rulebook.rule import Rule
from approvals.rulebook.times import DEFAULT_DEADLINE, LONGEST_GATE
from approvals.rulebook.words import RuleRefused

__all__ = ["DEFAULT_DEADLINE", "LONGEST_GATE", "Rule", "RuleRefused", "Ruling", "check_body", "rule_on"]

MOST_OTHERS = 50
OTHER_TYPE = Why.TYPE.value


@dataclass(frozen=True)
class Ruling:
    """What the ordered list says about one intent. `found` is False when nothing matched for certain.

    `later` are required only if a condition about earlier results holds when their gates would open.
    """

    denied_by: Rule | None
    passed_by: Rule | None
    required: tuple[Rule, ...]
    later: tuple[Rule, ...]
    reasons: tuple[dict[str, Any], ...]

    @property
    def found(self) -> bool:
        """True if at least one policy decided."""
        return bool(self.denied_by or self.passed_by or self.required)

    @property
    def applied(self) -> tuple[Rule, ...]:
        """All whose gates are planned."""
        return (*self.required, *self.later)


def rule_on(rules: list[Rule], facts: Facts) -> Ruling:
    """What is ruled of the facts. All conditions of one ruling share its time."""
    facts = facts.knowing()
    return ruled([(rule, match(rule, facts)) for rule in rules])


def ruled(found: Sequence[tuple[Rule, Match]], left_out: int = 0) -> Ruling:
    """A matching deny anywhere wins; otherwise the first match decides, and the next one too if it says continue.

    A policy whose condition is about earlier results adds its gates and decides nothing else: the list goes on.
    `left_out`: so many for other types may be missing, behind the first 50 of them.
    """
    fits = [(rule, said) for rule, said in found if said.matched]
    denied = next((rule for rule, _ in fits if rule.action == "deny"), None)
    counted: list[Rule] = [] if denied is None else [denied]
    later: list[Rule] = []
    for rule, said in fits if denied is None else []:
        if said.why == Why.LATER:
            later.append(rule)
            continue
        counted.append(rule)
        if not rule.continues:
            break
    required = tuple(rule for rule in counted if rule.action == "require")
    passed = next((rule for rule in counted if rule.action == "approve"), None) if not required else None
    counted += later
    reasons = tuple([_reason(rule, said, counted) for rule, said in found])
    return Ruling(denied, passed, required, tuple(later), shortened(reasons, left_out))


def shortened(reasons: tuple[dict[str, Any], ...], left_out: int) -> tuple[dict[str, Any], ...]:
    """At most so many policies for another type are named one by one; the rest are counted in the last entry."""
    others = [each for each in reasons if each["why"] == OTHER_TYPE]
    spare = {id(each) for each in others[MOST_OTHERS:]}
    named = [each for each in reasons if id(each) not in spare]
    count = len(spare) + left_out
    return (*named, *([{"others": count, "why": OTHER_TYPE, "matched": False}] if count else []))


def _reason(rule: Rule, said: Match, counted: Sequence[Rule]) -> dict[str, Any]:
    """Why a policy did or did not decide; `shadowed` if it matched and an earlier one had the last word."""
    why = "shadowed" if said.matched and rule not in counted else said.why.value
    reason = {"policy": rule.name, "version": rule.version, "matched": said.matched, "action": rule.action, "why": why}
    return reason | {"error": said.error} if said.error else reason
