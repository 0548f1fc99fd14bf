"""A workspace's ordered list of policies, found by the type of an intent. Pure: no database, no clock."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from approvals.conditions.facts import Facts
from approvals.matching import Match, Why, match
from approvals.rulebook.rule import Rule
from approvals.rules import MOST_OTHERS, Ruling, ruled

_OTHER = Match(False, Why.TYPE)


class Listed(NamedTuple):
    """One policy as it was read. `body` is JSON, as the database has it."""

    position: int
    name: str
    version: int
    body: str

    @property
    def rule(self) -> Rule:
        """The rule, made anew: nobody else sees what its owner does to it."""
        return Rule(self.name, self.version, json.loads(self.body))


class RuleList:
    """What is worked out once for a list, however many intents are then weighed by it."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self.rows = rows
        self.policies = [Listed(*row) for row in rows]
        self._heads: list[Rule] = []
        self._named: defaultdict[str, list[int]] = defaultdict(list)
        self._open: list[int] = []
        for at, policy in enumerate(self.policies):
            self._enter(at, policy.rule)

    def about(self, intent_type: str) -> dict[int, Rule]:
        """The rules for this type by their places in the list."""
        open_ones = (at for at in self._open if self._heads[at].is_for(intent_type))
        return {at: self.policies[at].rule for at in {*self._named.get(intent_type, ()), *open_ones}}

    def rule_on(self, near: dict[int, Rule], facts: Facts) -> Ruling:
        """As `rule_on` with all rules of the list, of which these are `about` the type of the facts."""
        facts = facts.knowing()
        far = islice((at for at in range(len(self._heads)) if at not in near), MOST_OTHERS)
        shown = sorted({*near, *far})
        found = [(near[at], match(near[at], facts)) if at in near else (self._heads[at], _OTHER) for at in shown]
        return ruled(found, len(self._heads) - len(shown))

    def _enter(self, at: int, rule: Rule) -> None:
        types = rule.body["match"]["types"]
        self._heads.append(Rule(rule.name, rule.version, {"match": {"types": types}, "action": rule.action}))
        if any(pattern.endswith("*") for pattern in types):
            self._open.append(at)
        else:
            for name in types:
                self._named[name].append(at)
