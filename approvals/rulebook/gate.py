"""One gate of a policy: each key checked by its own few lines, then what keys say together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from approvals.rulebook import asks, fields, posts, times, voters
from approvals.rulebook.words import RuleRefused, only_known

PLACES = ("before", "after")
Check = Callable[[Any, str], None]


def check_gate(gate: Any, where: str) -> None:
    """RuleRefused unless this is a gate that can be opened."""
    if not isinstance(gate, dict):
        raise RuleRefused(f"{where} must be an object.")
    check_place(gate.get("place"), f"{where}.place")
    only_known(gate, CHECKS, where)
    if "requirement" not in gate:
        raise RuleRefused(f"{where}.requirement must name who has to agree.")
    for key, check in CHECKS.items():
        if key in gate:
            check(gate[key], f"{where}.{key}")
    for check_all in (asks.check_together, times.check_together, voters.check_together, fields.check_together):
        check_all(gate, where)


def check_place(place: Any, where: str) -> None:
    """`before` or `after` the work, or around the step of a scenario that has this name."""
    if isinstance(place, dict) and len(place) == 1:
        (side, step), *_ = place.items()
        if side in PLACES and isinstance(step, str) and step:
            return
    elif place in PLACES:
        return
    raise RuleRefused(f'{where} must be before or after, or name a step, e.g. {{"before": "deploy"}}.')


CHECKS: dict[str, Check] = {
    "place": check_place,
    "task_type": asks.check_task_type,
    "title": asks.check_title,
    "instructions": asks.check_instructions,
    "outcomes": asks.check_outcomes,
    "form": asks.check_form,
    "comment_required": asks.check_comment_required,
    "requirement": voters.check_requirement,
    "rejections": voters.check_rejections,
    "exclude": voters.check_exclude,
    "inform": voters.check_inform,
    "post": posts.check_post,
    "strength": voters.check_strength,
    "risk": voters.check_risk,
    "editable": fields.check_fields,
    "fillable": fields.check_fields,
    "secret": fields.check_fields,
    "deadline": times.check_deadline,
    "warn_before": times.check_seconds,
    "on_timeout": times.check_on_timeout,
    "extend": times.check_extend,
    "chain": times.check_chain,
    "remind": times.check_remind,
    "escalate_to": times.check_escalate_to,
}
