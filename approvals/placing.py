"""Where gates stand in a plan, and which of them become one. Pure: the promise that no request can walk around a gate.

A policy gate `before` stands immediately before the first agent step, one `after` immediately after the last, and one
around a named step immediately on that side of it; without a step of that name it stands as one that names none. Where
that is next to a gate of the request (no agent step between) the two become one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from approvals.rulebook.gate import PLACES
from approvals.terms import TermsBody, merge
from intents.submission import StepSpec


@dataclass
class Ask:
    """A gate of the plan while it is being made. `merged_with` are the policies whose gate it has taken in."""

    step: StepSpec
    terms: TermsBody
    explicit: bool
    merged_with: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    when: str = ""

    def take_in(self, policy: str, terms: TermsBody, place: str) -> None:
        """Become one gate with a policy's. The own lines of a gate that names nobody give way."""
        own = dict(self.terms)
        if own.pop("names_nobody", False) and not self.merged_with:
            own["requirement"] = []
        self.terms = merge(own, terms)
        self.merged_with.add(policy)
        self.step.source = f"{self.step.source}+{policy}"
        self.places.append(place)


@dataclass(frozen=True)
class PolicyGate:
    """A gate that a policy wants: its terms, its place and how it is asked when it stands alone.

    `step` names the step that it stands around. One with a condition of its own (`when`) merges with none: it may not
    open at all.
    """

    policy: str
    place: str
    terms: TermsBody
    title: str = ""
    step: str = ""
    when: str = ""


Item = Ask | StepSpec
SHOWN = ("requirement", "deadline", "on_timeout", "asked_by_request", "strength", "risk")


def place_all(items: list[Item], gates: list[PolicyGate]) -> list[Item]:
    """The items with all policy gates put in, `before` ones first, each policy's in its own order."""
    for gate in sorted(gates, key=lambda gate: PLACES.index(gate.place)):
        items = _put(items, gate)
    return items


def merge_with_first(items: list[Item], gate: PolicyGate) -> list[Item]:
    """The default gate has no place of its own: it joins the first gate of the request, or stands before the work."""
    first = next((item for item in items if isinstance(item, Ask)), None)
    if first is not None:
        first.take_in(gate.policy, gate.terms, gate.place)
        return items
    return _put(items, gate)


def _put(items: list[Item], gate: PolicyGate) -> list[Item]:
    low, high, at = _region(items, gate)
    near = [item for item in items[low:high] if isinstance(item, Ask) and item.explicit]
    free = [ask for ask in near if gate.policy not in ask.merged_with and not _two_forms(ask, gate)]
    if free and len(free) == len(near) and not gate.when:
        chosen = free[-1] if gate.place == "before" and (low, high) != (0, len(items)) else free[0]
        chosen.take_in(gate.policy, gate.terms, gate.place)
        return items
    return [*items[:at], _alone(gate), *items[at:]]


def _two_forms(ask: Ask, gate: PolicyGate) -> bool:
    """One gate has one form, and neither side's may be dropped."""
    return bool(
        gate.terms["form"] and (ask.terms["form"] or (ask.step.spec.get("human_task") or {}).get("form_schema"))
    )


def _region(items: list[Item], gate: PolicyGate) -> tuple[int, int, int]:
    """From where to where gates would be next to this one, and where it stands alone."""
    agents = [at for at, item in enumerate(items) if isinstance(item, StepSpec) and item.kind == "agent"]
    named = _named(items, gate, agents) if gate.step else None
    if named is None and not agents:
        return 0, len(items), len(items)
    first_or_last = agents[:1] if gate.place == "before" else agents[-1:]
    (anchor,) = first_or_last if named is None else [named]
    is_gate = isinstance(items[anchor], Ask)
    if gate.place == "before":
        low = max((at + 1 for at in agents if at < anchor), default=0)
        return low, anchor + is_gate, anchor
    low, high = anchor + 1, min((at for at in agents if at > anchor), default=len(items))
    return low - is_gate, high, _behind_earlier(items[:high], low)


def _named(items: list[Item], gate: PolicyGate, agents: list[int]) -> int | None:
    """Where the step of this name stands. The sender names steps: no other name lets work begin before a `before`."""
    steps = [item.step if isinstance(item, Ask) else item for item in items]
    found = next((at for at, step in enumerate(steps) if step.name == gate.step), None)
    if found is None or gate.place != "before" or found in agents:
        return found
    return min([found, *agents])


def _behind_earlier(items: list[Item], low: int) -> int:
    """Behind the `after` gates that stand there already, so that policies keep their order."""
    earlier = [at for at, item in enumerate(items) if at >= low and isinstance(item, Ask) and "after" in item.places]
    return earlier[-1] + 1 if earlier else low


def _alone(gate: PolicyGate) -> Ask:
    step = StepSpec("", "human", gate.policy, {"human_task": {"title": gate.title}})
    return Ask(step, gate.terms, explicit=False, merged_with={gate.policy}, places=[gate.place], when=gate.when)


def shown(terms: TermsBody) -> dict[str, Any]:
    """What the plan shows of a gate's terms."""
    return {
        key: terms[key] for key in ("requirement", "deadline", "on_timeout", "asked_by_request", "strength", "risk")
    }
