"""What a gate's terms ask beyond who agrees and by when, in sentences; the same on its page and in mails."""

from __future__ import annotations

from typing import Any

from approvals.conduct import is_high_risk, leaves_out_earlier_approvers, strength_of
from approvals.directory import label
from approvals.models import Gate
from approvals.strength import LINK, LINKED, Strength
from approvals.terms import places_in
from approvals.text import one_line


def conditions_of(gate: Gate) -> list[str]:
    """One sentence each; nothing for what holds everywhere."""
    terms = gate.terms.body
    said = (_risk(terms), _strength(terms), _comment(gate), _left_out(terms), _told(terms))
    return [sentence for sentence in said if sentence]


def posted_to(gate: Gate) -> str:
    """The channels in which everybody may read it besides; "" if there is none."""
    return ", ".join(one_line(name, 100) for name in places_in(gate.terms.body))


def _risk(terms: dict[str, Any]) -> str:
    if is_high_risk(terms):
        return "High risk: a yes is asked for once more."
    return "Low risk." if terms.get("risk") == "low" else ""


def _strength(terms: dict[str, Any]) -> str:
    wanted = strength_of(terms)
    if wanted.name == LINK:
        return "A yes by the link in a mail is enough."
    return "" if wanted == Strength(LINKED) else f"A yes needs {wanted.words}."


def _comment(gate: Gate) -> str:
    if gate.ask.comment_required:
        return "Every answer needs a comment."
    names = ", ".join(one_line(name, 64).replace("_", " ") for name in gate.ask.comment_on)
    return f"These answers need a comment: {names}." if names else ""


def _left_out(terms: dict[str, Any]) -> str:
    return "Whoever said yes at an earlier gate does not count here." if leaves_out_earlier_approvers(terms) else ""


def _told(terms: dict[str, Any]) -> str:
    names = terms.get("inform") or []
    return f"Told of it, without a vote: {label(names)}." if names else ""
