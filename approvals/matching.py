"""Whether one policy matches one intent, and if not, why not. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from approvals.conditions.facts import OF_THE_REQUEST, Facts
from approvals.conditions.language import Condition, ConditionRefused
from approvals.rulebook.rule import Rule
from intents.addresses import matches


class Why(Enum):
    """What decided whether a policy matched, or made a match count for nothing."""

    ALL = "matched"
    TYPE = "type"
    SENDER = "sender"
    TARGET = "target"
    CONDITION = "condition"
    ERROR = "condition_error"
    OPEN_SCHEMA = "open_schema"
    LATER = "later"


@dataclass(frozen=True)
class Match:
    """`error` is the fault of a condition that could not be told; it counts against letting something pass."""

    matched: bool
    why: Why
    error: str = ""


def match(rule: Rule, facts: Facts) -> Match:
    """Type, sender and target first, the condition last. A condition about earlier results is left for later."""
    said: dict[str, Any] = rule.body["match"]
    if not matches(said["types"], facts.type):
        return Match(False, Why.TYPE)
    if "senders" in said and not matches(said["senders"], facts.sender):
        return Match(False, Why.SENDER)
    if "targets" in said and not _has_target(rule, facts):
        return Match(False, Why.TARGET)
    try:
        asked = rule.when
    except ConditionRefused as fault:
        return Match(rule.action != "approve", Why.ERROR, str(fault))
    return Match(True, Why.ALL) if asked is None else _by_condition(rule, asked, facts)


def _has_target(rule: Rule, facts: Facts) -> bool:
    """One agent is enough to be asked about or denied; to let a scenario pass, all of its agents have to fit."""
    fits = [matches(rule.body["match"]["targets"], address) for address in facts.addresses]
    return all(fits) if rule.action == "approve" else any(fits)


def _by_condition(rule: Rule, asked: Condition, facts: Facts) -> Match:
    """An error counts as matched for deny and require, and as not matched for approve."""
    if rule.action == "approve" and asked.asks_the_request and not facts.has_closed_schema:
        return Match(False, Why.OPEN_SCHEMA)
    if "prior" in asked.names and facts.prior is None:
        return Match(True, Why.LATER)
    weighed = asked.weigh(facts)
    if weighed.error:
        return Match(rule.action != "approve", Why.ERROR, weighed.error)
    return Match(weighed.holds, Why.ALL if weighed.holds else Why.CONDITION)


def asks_for_schema(rule: Rule, facts: Facts) -> bool:
    """True if whether it matches depends on a closed schema of the intent's type."""
    return rule.action == "approve" and rule.is_for(facts.type) and not names_of(rule).isdisjoint(OF_THE_REQUEST)


def names_of(rule: Rule) -> frozenset[str]:
    """The variables that its condition mentions."""
    try:
        return rule.when.names if rule.when else frozenset()
    except ConditionRefused:
        return frozenset()
