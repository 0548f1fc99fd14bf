"""How long a gate stays open, what is done meanwhile, and what silence means."""

from __future__ import annotations

from typing import Any

from approvals.chains.checking import check_chain as check_body_of_chain
from approvals.rulebook.asks import outcome_classes
from approvals.rulebook.words import RuleRefused, check_texts, count, only_known

ON_TIMEOUT = ("expire", "approve", "cancel")
NO_OUTCOMES = ("rejected", "failed", "declined")
LEAST_TIME_TO_APPROVE_BY_SILENCE = 15 * 60
LONGEST_GATE = 29 * 24 * 3600
DEFAULT_DEADLINE = 24 * 3600
SHORT_FORM = ("remind", "escalate_to")


def check_deadline(value: Any, where: str) -> None:
    """Seconds, up to 29 days."""
    if not count(value) or value > LONGEST_GATE:
        raise RuleRefused(f"{where} is in seconds, from 1 to {LONGEST_GATE} (29 days).")


def check_seconds(value: Any, where: str) -> None:
    """A whole number of seconds."""
    if not count(value):
        raise RuleRefused(f"{where} is in seconds, 1 or more.")


def check_on_timeout(value: Any, where: str) -> None:
    """A word; whether it fits the outcomes is seen with them."""
    if not isinstance(value, str) or not value:
        raise RuleRefused(f"{where} must be {', '.join(ON_TIMEOUT)} or a no outcome such as rejected.")


def check_extend(value: Any, where: str) -> None:
    """Who may, and by how much in all."""
    example = '{"who": ["team:sre"], "most": 7200}'
    if not isinstance(value, dict) or not count(value.get("most")):
        raise RuleRefused(f"{where} must look like {example}, in seconds.")
    only_known(value, ("who", "most"), where)
    check_texts(value.get("who"), f"{where}.who", '["team:sre"]')


def check_chain(value: Any, where: str) -> None:
    """The name of a saved chain, or a chain itself."""
    if not isinstance(value, str | dict) or not value:
        raise RuleRefused(f"{where} must be the name of an escalation chain, or the chain itself.")
    if isinstance(value, dict):
        check_body_of_chain(value, where)


def check_remind(value: Any, where: str) -> None:
    """The short form: so long after the opening, then every so often, so many times."""
    remind = value or {"after": 60}
    if not isinstance(remind, dict) or not all(
        count(remind.get(key, default)) for key, default in (("after", None), ("interval", 60), ("max", 1))
    ):
        raise RuleRefused(f'{where} must look like {{"after": 60, "interval": 60, "max": 3}}, in seconds.')
    only_known(remind, ("after", "interval", "max"), where)


def check_escalate_to(value: Any, where: str) -> None:
    """The short form: whom to tell after the last reminder."""
    if value:
        check_texts(value, where, '["team:leads"]')


def check_together(gate: dict[str, Any], where: str) -> None:
    """Silence means something that can happen, nothing happens after the end, and there is one chain."""
    deadline, on_timeout = gate.get("deadline", DEFAULT_DEADLINE), gate.get("on_timeout", "expire")
    if on_timeout == "approve" and ("deadline" not in gate or deadline < LEAST_TIME_TO_APPROVE_BY_SILENCE):
        raise RuleRefused(f"{where}: on_timeout approve needs a deadline of its own of at least 15 minutes.")
    if on_timeout not in ON_TIMEOUT and not _is_no(gate, on_timeout):
        raise RuleRefused(f"{where}.on_timeout must be {', '.join(ON_TIMEOUT)} or a no outcome of the gate.")
    if gate.get("warn_before", 0) >= deadline:
        raise RuleRefused(f"{where}.warn_before must be shorter than the deadline of {deadline} seconds.")
    if deadline + gate.get("extend", {}).get("most", 0) > LONGEST_GATE:
        raise RuleRefused(f"{where}.extend: deadline and extension are together at most {LONGEST_GATE} s (29 days).")
    both = [key for key in SHORT_FORM if gate.get(key)]
    if "chain" in gate and both:
        raise RuleRefused(f"{where}: write either chain or {both[0]}, not both.")


def _is_no(gate: dict[str, Any], outcome: str) -> bool:
    """Without outcomes of its own a gate may still become one with a request's gate, which offers others."""
    if "outcomes" in gate:
        return outcome_classes(gate).get(outcome) == "no"
    return outcome in NO_OUTCOMES
