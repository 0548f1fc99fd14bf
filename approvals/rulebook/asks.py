"""What a gate asks: its kind, its words, the answers that it offers, its form."""

from __future__ import annotations

from typing import Any

from approvals.forms import SchemaRefused, check_schema
from approvals.outcomes import CLASSES, MAX_OUTCOMES, TASK_OUTCOMES, OutcomeClass
from approvals.rulebook.words import RuleRefused, check_choice, check_text, check_texts
from approvals.substitution import SubstitutionRefused, check_template

TASK_TYPES = tuple(TASK_OUTCOMES)
LONGEST_TITLE = 255
LONGEST_INSTRUCTIONS = 2000
LONGEST_OUTCOME = 64
OURS = ("expired", "canceled", "withdrawn", "denied")


def check_task_type(value: Any, where: str) -> None:
    """One of the kinds that have outcomes of their own."""
    check_choice(value, TASK_TYPES, where)


def check_title(value: Any, where: str) -> None:
    """One line, with only known names in braces."""
    _check_template(value, where, LONGEST_TITLE)


def check_instructions(value: Any, where: str) -> None:
    """A text, with only known names in braces."""
    _check_template(value, where, LONGEST_INSTRUCTIONS)


def check_outcomes(value: Any, where: str) -> None:
    """Names with classes, in order; at least one yes and one no, and our own names keep their class."""
    if not isinstance(value, list) or not all(_is_outcome(pair) for pair in value):
        raise RuleRefused(f'{where} must look like [["approved", "yes"], ["rejected", "no"]].')
    names, classes = [name for name, _ in value], {cls for _, cls in value}
    if len(set(names)) < len(names) or len(names) > MAX_OUTCOMES:
        raise RuleRefused(f"{where} names at most {MAX_OUTCOMES} outcomes, none of them twice.")
    if not {"yes", "no"} <= classes:
        raise RuleRefused(f"{where} needs at least one yes and one no.")
    for name, cls in value:
        if name in OURS:
            raise RuleRefused(f"{where}: {name} is what the server itself says; take another name.")
        if CLASSES.get(name, cls) != cls:
            raise RuleRefused(f"{where}: {name} is always {CLASSES[name].value}; take another name for {cls}.")


def check_form(value: Any, where: str) -> None:
    """A JSON Schema as forms take it."""
    try:
        check_schema(value)
    except SchemaRefused as error:
        raise RuleRefused(f"{where}: {error}") from error


def check_comment_required(value: Any, where: str) -> None:
    """Always, never, or on these outcomes."""
    if not isinstance(value, bool):
        check_texts(value, where, 'true, false or ["rejected"]')


def check_together(gate: dict[str, Any], where: str) -> None:
    """Outcomes that need a comment must be on offer, as far as the policy says what is."""
    wanted = gate.get("comment_required", False)
    if isinstance(wanted, list):
        offered = outcome_classes(gate)
        for name in wanted:
            if name not in offered:
                raise RuleRefused(
                    f"{where}.comment_required names {name!r}, which is not offered: {', '.join(offered)}."
                )


def outcome_classes(gate: dict[str, Any]) -> dict[str, str]:
    """The outcomes that the gate offers when it stands alone."""
    if "outcomes" in gate:
        return dict(gate["outcomes"])
    return {name: CLASSES[name].value for name in TASK_OUTCOMES[gate.get("task_type", "approval")]}


def _is_outcome(pair: Any) -> bool:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(each, str) for each in pair):
        return False
    name, cls = pair
    return 0 < len(name) <= LONGEST_OUTCOME and name.isprintable() and cls in OutcomeClass.values


def _check_template(value: Any, where: str, most: int) -> None:
    check_text(value, where, most)
    try:
        check_template(value)
    except SubstitutionRefused as error:
        raise RuleRefused(f"{where}: {error}") from error
