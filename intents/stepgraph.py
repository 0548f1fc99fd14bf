"""The way through a scenario: which step follows which. Pure.

The order of the array is the default; `on_success` and an agent step's `on_failure` jump. Every jump leads forward in
the order that this gives the steps: so a way never comes back, and a policy's gate put anywhere into that order stands
across all ways that lead past it (services.advance leaves out steps of the request only).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from intents.errors import Invalid
from intents.submission import StepSpec

END = "end"
"""Jumping there ends the scenario, unless a step has that name."""
ON_SUCCESS, ON_FAILURE = "on_success", "on_failure"
BY_POLICY = "by_policy"
CLEAN_UP = "clean_up"
FAILED = "failed"
"""In a step's spec: a policy wants it; it only cleans up; it asks about work that failed."""


@dataclass(frozen=True)
class Way:
    """A step of a scenario as it was written: where it leads to, in names; "" is the next one of the array."""

    step: StepSpec
    on_success: str = ""
    on_failure: str = ""


def ordered(ways: Sequence[Way], entry: str = "") -> tuple[list[StepSpec], list[str]]:
    """The steps that can be reached from `entry`, each before all that may follow it, and warnings about the others.

    Invalid for a jump to a step that is not there, and for steps that lead back to themselves.
    """
    places = {way.step.name: at for at, way in enumerate(ways)}
    after = [_after(at, ways, places) for at in range(len(ways))]
    start = _place(entry, places, "entry_step") if entry else 0
    reached = _reached(start, after)
    order = _sorted(reached, after, ways)
    warnings = [
        f"The step {ways[at].step.name} is never reached; it is left out."
        for at in range(len(ways))
        if at not in reached
    ]
    for number, at in enumerate(order):
        following = order[number + 1] if number + 1 < len(order) else len(ways)
        _write_jumps(ways[at], after[at], following, ways)
    return [ways[at].step for at in order], warnings


def parted(steps: Sequence[tuple[str, bool]], target: str) -> tuple[list[int], list[int]]:
    """Of the steps still to come, (name, whether a policy wants it): which a jump leaves out, and which it meets."""
    names = [name for name, _ in steps]
    stop = names.index(target) if target in names else len(names)
    past: list[int] = []
    met: list[int] = []
    for at, (_, by_policy) in enumerate(steps[:stop]):
        (met if by_policy else past).append(at)
    return past, met


def _after(at: int, ways: Sequence[Way], places: Mapping[str, int]) -> dict[str, int]:
    """Where the step leads to; one behind the last is the end."""
    way = ways[at]
    field = f"step {way.step.name}"
    leads = {ON_SUCCESS: _place(way.on_success, places, f"{field}: on_success") if way.on_success else at + 1}
    if way.on_failure:
        leads[ON_FAILURE] = _place(way.on_failure, places, f"{field}: on_failure")
    return leads


def _place(name: str, places: Mapping[str, int], field: str) -> int:
    if name in places:
        return places[name]
    if name == END and field != "entry_step":
        return len(places)
    raise Invalid(f"workflow: {field} names {name!r}, and there is no such step.", code="unknown_step")


def _reached(start: int, after: Sequence[Mapping[str, int]]) -> set[int]:
    found, ahead = set(), [start]
    while ahead:
        at = ahead.pop()
        if at < len(after) and at not in found:
            found.add(at)
            ahead += after[at].values()
    return found


def _sorted(reached: set[int], after: Sequence[Mapping[str, int]], ways: Sequence[Way]) -> list[int]:
    """Topological (Kahn), with the array's order where that leaves a choice."""
    into = dict.fromkeys(reached, 0)
    edges = [(at, to) for at in reached for to in set(after[at].values()) if to in reached]
    for _, to in edges:
        into[to] += 1
    free = [at for at, count in into.items() if not count]
    heapify(free)
    order: list[int] = []
    while free:
        order.append(heappop(free))
        for to in {to for at, to in edges if at == order[-1]}:
            into[to] -= 1
            if not into[to]:
                heappush(free, to)
    if len(order) < len(reached):
        names = ", ".join(ways[at].step.name for at in sorted(reached - set(order)))
        raise Invalid(
            f"workflow: the steps {names} lead back to where they came from. A scenario cannot loop: "
            "write the step again under another name, or send a new intent.",
            code="scenario_loop",
        )
    return order


def _write_jumps(way: Way, leads: Mapping[str, int], following: int, ways: Sequence[Way]) -> None:
    """Into the step's spec, where it does not just go on to the next one of the plan."""
    for kind, to in leads.items():
        if kind == ON_FAILURE or to != following:
            way.step.spec[kind] = ways[to].step.name if to < len(ways) else END
