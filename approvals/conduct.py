"""What a policy says about a gate besides whom it asks and for how long; compiled into the terms, and merged. Pure.

Terms of gates that an earlier release opened lack these keys; read them by the functions below.
"""

from __future__ import annotations

from typing import Any

from approvals.rulebook.voters import PREVIOUS_APPROVERS, RISKS
from approvals.strength import HIGH_RISK_MINUTES, LINKED, Strength, stronger

Conduct = dict[str, Any]
NOTHING: Conduct = {
    "task_type": "",
    "instructions": [],
    "outcomes": [],
    "form": None,
    "comment_required": False,
    "exclude": [],
    "inform": [],
    "post": [],
    "strength": LINKED,
    "risk": "normal",
    "editable": [],
    "fillable": [],
    "secret": [],
    "extend": None,
}
UNITED = ("instructions", "exclude", "inform", "post", "secret")
"""Lists of which both hold. A plan of an earlier release may lack one."""


def of_rule(gate: dict[str, Any]) -> Conduct:
    """From one gate of a policy."""
    said = {key: gate[key] for key in NOTHING if key in gate and key != "instructions"}
    conduct = NOTHING | said
    conduct["instructions"] = [gate["instructions"]] if gate.get("instructions") else []
    wanted = Strength.read(conduct["strength"])
    if conduct["risk"] == "high":
        wanted = stronger(wanted, Strength.fresh(HIGH_RISK_MINUTES))
    return conduct | {"strength": wanted.as_json}


def merged(asked: Conduct, policy: Conduct, *, by_request: bool) -> Conduct:
    """The stricter of both. `asked` is the request's, which says none of this, or what earlier policies made of it."""
    both = {key: _union(asked.get(key) or [], policy[key]) for key in UNITED}
    rest = {
        "task_type": asked["task_type"] or policy["task_type"],
        "outcomes": _classed(asked["outcomes"], policy["outcomes"]),
        "form": asked["form"] or policy["form"],
        "comment_required": _comments(asked["comment_required"], policy["comment_required"]),
        "strength": _strength(asked, policy, by_request=by_request).as_json,
        "risk": policy["risk"] if by_request else max(asked["risk"], policy["risk"], key=RISKS.index),
    }
    if by_request:
        return {key: policy[key] for key in NOTHING} | both | rest
    shared = {key: [each for each in asked[key] if each in policy[key]] for key in ("editable", "fillable")}
    return both | rest | shared | {"extend": _extend(asked, policy)}


def strength_of(terms: Conduct) -> Strength:
    """What a yes needs."""
    return Strength.read(terms.get("strength", LINKED))


def is_high_risk(terms: Conduct) -> bool:
    """True if a yes is asked for once more, with a fresh sign-in, and one by one."""
    return terms.get("risk") == "high"


def secret_in(terms: Conduct) -> list[str]:
    """Paths into the payload that nobody is shown."""
    return list(terms.get("secret") or [])


def leaves_out_earlier_approvers(terms: Conduct) -> bool:
    """True if whoever said yes at an earlier gate does not count here."""
    return PREVIOUS_APPROVERS in (terms.get("exclude") or [])


def _union(one: list[Any], other: list[Any]) -> list[Any]:
    return [*one, *(each for each in other if each not in one)]


def _classed(asked: list[Any], policy: list[Any]) -> list[Any]:
    """Of two policies' outcomes those of the first; where they class one differently, the one that stops more."""
    order = ("no", "back", "yes")
    other = dict(policy)
    return [[name, min(cls, other.get(name, cls), key=order.index)] for name, cls in asked] or list(policy)


def _comments(one: Any, other: Any) -> Any:
    if one is True or other is True:
        return True
    return sorted({*(one or []), *(other or [])}) or False


def _strength(asked: Conduct, policy: Conduct, *, by_request: bool) -> Strength:
    """A policy may relax what holds where none says anything."""
    wanted = Strength.read(policy["strength"])
    return wanted if by_request else stronger(Strength.read(asked["strength"]), wanted)


def _extend(asked: Conduct, policy: Conduct) -> Any:
    """Only if both policies let it be extended: by people of both, and by no more than either says."""
    one, other = asked["extend"], policy["extend"]
    if not one or not other:
        return None
    who = [name for name in one["who"] if name in other["who"]]
    return {"who": who, "most": min(one["most"], other["most"])} if who else None
