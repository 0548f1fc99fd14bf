"""What a draft of the policies would have done to the intents of the last days. Reads only, and not without end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from approvals.activerules import active_rules
from approvals.directory import label
from approvals.models import Unmatched
from approvals.planner import settings_of
from approvals.rules import Rule, Ruling, rule_on
from approvals.weighing import facts_of_intent, with_schema
from intents import clock
from intents.models import Intent, Workspace

MOST_INTENTS = 10_000
MOST_DAYS = 366
Line = tuple[str, int]


@dataclass(frozen=True)
class Effect:
    """What a list does to one intent: denies it, or asks these people (names and count), perhaps nobody."""

    denies: bool
    asks: frozenset[Line]


@dataclass(frozen=True)
class Replayed:
    """How many intents a difference is true of, the most frequent first; and how many could not be looked at."""

    same: int
    differences: tuple[tuple[str, int], ...]
    purged: int
    left_out: int

    @property
    def words(self) -> str:
        """`412 same, 7 would newly ask sre, 1 would be denied.`"""
        said = [f"{self.same} same", *(f"{count} {words}" for words, count in self.differences)]
        said += [f"{self.purged} purged and not looked at"] if self.purged else []
        said += [f"{self.left_out} older ones not looked at"] if self.left_out else []
        return f"{', '.join(said)}."


def replay(workspace: Workspace, draft: list[Rule], days: int) -> Replayed:
    """The draft against the list that is active now, by the newest intents: at most 10,000 of at most 366 days."""
    current, settings = active_rules(workspace), settings_of(workspace)
    since = clock.now() - timedelta(days=min(days, MOST_DAYS))
    rows = Intent.objects.filter(workspace=workspace, created_at__gte=since)
    counted: Counter[str] = Counter()
    for intent in _newest(rows):
        if intent.texts.purged_at is not None:
            counted["purged"] += 1
            continue
        facts = facts_of_intent(intent)
        rulings = [rule_on(rules, with_schema(facts, rules, workspace)) for rules in (current, draft)]
        before, after = (effect_of(each, settings.unmatched, settings.default_approvers) for each in rulings)
        counted[difference(before, after)] += 1
    same, purged = counted.pop("", 0), counted.pop("purged", 0)
    left_out = max(0, rows.count() - MOST_INTENTS)
    return Replayed(same, tuple(counted.most_common()), purged, left_out)


def effect_of(ruling: Ruling, unmatched: str, defaults: list[str]) -> Effect:
    """Gates that depend on earlier results are counted as asked."""
    if ruling.denied_by or (not ruling.found and unmatched == Unmatched.DENY):
        return Effect(True, frozenset())
    gates = [gate for rule in ruling.applied for gate in rule.gates]
    lines = {(name, line["need"]) for gate in gates for line in gate["requirement"] for name in line["who"]}
    if not ruling.found and unmatched == Unmatched.GATE:
        lines |= {(name, 1) for name in defaults}
    return Effect(False, frozenset(lines))


def difference(before: Effect, after: Effect) -> str:
    """In words that follow a number; "" if there is none."""
    if before == after:
        return ""
    if after.denies:
        return "would be denied"
    asked = sorted({name for name, _ in after.asks})
    if before.denies:
        return f"would no longer be denied, and ask {label(asked)}" if asked else "would no longer be denied, and pass"
    added = [name for name in asked if name not in {each for each, _ in before.asks}]
    gone = sorted({name for name, _ in before.asks} - set(asked))
    if added and gone:
        return f"would ask {label(added)} instead of {label(gone)}"
    if added:
        return f"would newly ask {label(added)}"
    if gone:
        return f"would no longer ask {label(gone)}" if asked else "would pass without being asked about"
    return f"would need other counts of {label(asked)}"


def _newest(rows: QuerySet[Intent]) -> Iterator[Intent]:
    found = rows.select_related("texts", "sender__service_account", "workspace").order_by("-created_at")
    return found[:MOST_INTENTS].iterator(chunk_size=500)
