"""Who must agree at a gate, who cannot, who is only told, and how sure it must be who says yes."""

from __future__ import annotations

from typing import Any

from approvals.rulebook.words import RuleRefused, check_choice, check_texts, count, texts
from approvals.strength import FRESH_MINUTES, HIGH_RISK_MINUTES, LINK, NAMED, Strength

RISKS = ("low", "normal", "high")
PREVIOUS_APPROVERS = "previous_approvers"
EXCLUSIONS = (PREVIOUS_APPROVERS,)
MOST_LINES = 20


def check_requirement(lines: Any, where: str) -> None:
    """Lines of people and a count, all to be met."""
    if not isinstance(lines, list) or not 0 < len(lines) <= MOST_LINES:
        raise RuleRefused(f"{where} must name who has to agree, in at most {MOST_LINES} lines.")
    for number, line in enumerate(lines):
        if not isinstance(line, dict) or not texts(line.get("who")) or not count(line.get("need")):
            raise RuleRefused(f'{where}[{number}] must look like {{"who": ["team:sre"], "need": 1}}.')


def check_rejections(value: Any, where: str) -> None:
    """How many close the gate."""
    if not count(value):
        raise RuleRefused(f"{where} must be 1 or more.")


def check_exclude(value: Any, where: str) -> None:
    """Who else does not count here."""
    check_texts(value, where, '["previous_approvers"]')
    for each in value:
        check_choice(each, EXCLUSIONS, where)


def check_inform(value: Any, where: str) -> None:
    """Who is told and does not decide."""
    check_texts(value, where, '["team:managers"]')


def check_strength(value: Any, where: str) -> None:
    """A named strength, or a sign-in within so many minutes."""
    fresh = value.get("signed_in_within") if isinstance(value, dict) and len(value) == 1 else None
    if value not in NAMED and not (isinstance(fresh, int) and count(fresh) and fresh <= FRESH_MINUTES):
        raise RuleRefused(
            f'{where} must be one of {", ".join(NAMED)}, or {{"signed_in_within": MINUTES}} of at most {FRESH_MINUTES}.'
        )


def check_risk(value: Any, where: str) -> None:
    """low, normal or high."""
    check_choice(value, RISKS, where)


def check_together(gate: dict[str, Any], where: str) -> None:
    """A link is enough only where little is at stake; where much is, nobody says yes in passing or by silence."""
    risk = gate.get("risk", "normal")
    if gate.get("strength") == LINK and risk != "low":
        raise RuleRefused(f"{where}: a link from a mail may say yes only at risk low.")
    if risk != "high":
        return
    if gate.get("on_timeout") == "approve":
        raise RuleRefused(f"{where}: silence cannot approve at risk high; take another on_timeout.")
    least = Strength.fresh(HIGH_RISK_MINUTES)
    if "strength" in gate and not Strength.read(gate["strength"]).is_at_least(least):
        raise RuleRefused(
            f"{where}: risk high needs a fresh sign-in: leave strength out, or write "
            f'{{"signed_in_within": {HIGH_RISK_MINUTES}}} or less.'
        )
