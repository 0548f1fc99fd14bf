"""From what people write to the compiled chain that terms carry: a chain, the short form, AXP's fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from approvals.chains.body import DEFAULT_REMINDERS, MOST_REMINDERS, SHORTEST_INTERVAL, ChainBody

SHORTEST_ROUND = 300
SavedChains = Mapping[str, tuple[int, Mapping[str, Any]]]
"""Name to version and body."""
NONE_SAVED: SavedChains = {}


def chain_of_rule(gate: Mapping[str, Any], saved: SavedChains) -> ChainBody:
    """What a policy's gate says: a saved chain by its name, a chain of its own, or the short form."""
    chain, risk = gate.get("chain"), gate.get("risk", "normal")
    if isinstance(chain, str) and chain in saved:
        number, body = saved[chain]
        return compiled(body, name=f"{chain}@{number}", risk=risk)
    if isinstance(chain, Mapping):
        return compiled(chain, risk=risk)
    remind = gate.get("remind") or {}
    return short_form(remind.get("after"), remind.get("interval"), remind.get("max"), gate.get("escalate_to") or [])


def compiled(written: Mapping[str, Any], *, name: str = "", risk: str = "normal") -> ChainBody:
    """A checked chain body with all that it leaves out. `name` as in `night@3`, if it is a saved one."""
    steps = [_step(step) for step in written["steps"]]
    hours = written.get("hours")
    return {
        "name": name,
        "steps": steps,
        "repeat": written.get("repeat", 0),
        "repeat_after": written.get("repeat_after") or _round(steps),
        "last_resort": list(written.get("last_resort", [])),
        "hours": None if not hours or risk in hours.get("pass", ()) else _hours(hours),
    }


def short_form(after: int | None, interval: int | None, most: int | None, escalate_to: Iterable[str]) -> ChainBody:
    """Everybody is reminded; one interval after the last reminder these others are told.

    Without reminders the escalation has no moment of its own: it comes when nobody can be reached.
    """
    every = max(interval or after or SHORTEST_INTERVAL, SHORTEST_INTERVAL)
    remind = {"after": after, "every": every, "most": min(most or DEFAULT_REMINDERS, MOST_REMINDERS)} if after else None
    steps = [{"after": 0, "who": [], "channels": [], "remind": remind}]
    others = list(escalate_to)
    if others:
        steps.append({"after": _lasts(remind), "who": others, "channels": [], "remind": None})
    return {"name": "", "steps": steps, "repeat": 0, "repeat_after": SHORTEST_ROUND, "last_resort": [], "hours": None}


def merged(asked: ChainBody, policy: ChainBody) -> ChainBody:
    """The policy's chain; where it says nothing of reminders, or of anybody further, what the other one says."""
    first, *further = policy["steps"]
    first = first | {"remind": first["remind"] or asked["steps"][0]["remind"]}
    if further or policy["name"] or len(asked["steps"]) == 1:
        return policy | {"steps": [first, *further]}
    second, *rest = asked["steps"][1:]
    both = {key: policy[key] or asked[key] for key in ("hours", "last_resort")}
    return asked | both | {"steps": [first, _behind(second, first["remind"]), *rest]}


def channels_from(written: Iterable[str | Mapping[str, int]]) -> list[dict[str, int]]:
    """`["slack", {"email": 600}]` with a delay for each."""
    return [{entry: 0} if isinstance(entry, str) else dict(entry) for entry in written]


def _behind(step: dict[str, Any], remind: dict[str, int] | None) -> dict[str, Any]:
    """The step, no sooner than one interval after the last of these reminders."""
    moments = [moment for moment in (step["after"], _lasts(remind)) if moment]
    return step | {"after": max(moments, default=None)}


def _lasts(remind: dict[str, int] | None) -> int | None:
    return remind["after"] + remind["most"] * remind["every"] if remind else None


def _step(written: Mapping[str, Any]) -> dict[str, Any]:
    step = {
        "after": written.get("after", 0),
        "who": list(written.get("who", [])),
        "channels": channels_from(written.get("channels", [])),
        "remind": _remind(written.get("remind")),
    }
    return step | ({"post": list(written["post"])} if written.get("post") else {})


def _remind(written: Mapping[str, int] | None) -> dict[str, int] | None:
    if not written:
        return None
    every = max(written.get("every", written["after"]), SHORTEST_INTERVAL)
    return {"after": written["after"], "every": every, "most": written.get("most", DEFAULT_REMINDERS)}


def _round(steps: list[dict[str, Any]]) -> int:
    """The last step lasts as long as its reminders, and as the chain waited before it."""
    last = steps[-1]
    waits: list[int] = [_lasts(last["remind"]) or 0, last["after"], steps[0]["after"], SHORTEST_ROUND]
    return max(waits)


def _hours(written: Mapping[str, Any]) -> dict[str, Any]:
    """Without the risks that pass: this one does not."""
    return {key: written[key] for key in ("zone", "days", "from", "to")} | {"holidays": written.get("holidays", "")}
