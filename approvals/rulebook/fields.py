"""Payload fields that a gate names: what an approver may change or fill in, and what nobody is shown."""

from __future__ import annotations

import re
from typing import Any

from approvals.rulebook.words import RuleRefused, check_texts
from approvals.substitution import names_in_template

MOST_FIELDS = 50
_PATH = re.compile(r"payload(\.[A-Za-z0-9_-]{1,64}){1,8}\Z")


def check_fields(value: Any, where: str) -> None:
    """Paths into the payload, such as payload.db.size."""
    check_texts(value, where, '["payload.count"]')
    if len(value) > MOST_FIELDS:
        raise RuleRefused(f"{where} names at most {MOST_FIELDS} fields.")
    for path in value:
        if not _PATH.match(path):
            raise RuleRefused(f"{where} names {path!r}; write payload.NAME, or payload.NAME.NAME for a field inside.")


def check_together(gate: dict[str, Any], where: str) -> None:
    """Nobody changes what they cannot see, and a field is not both free to fill and a matter of authorship."""
    check_words(gate, where)
    pairs = (("secret", "editable"), ("secret", "fillable"), ("editable", "fillable"))
    for one, other in pairs:
        for path in gate.get(one, []):
            met = next((each for each in gate.get(other, []) if overlap(path, each)), None)
            if met is not None:
                raise RuleRefused(f"{where}: {met} cannot be {one} and {other}.")


def check_words(gate: dict[str, Any], where: str) -> None:
    """What nobody is shown is not put into the words that everybody is shown."""
    words = [name for key in ("title", "instructions") for name in names_in_template(gate.get(key, ""))]
    for path in gate.get("secret", []):
        met = next((name for name in words if overlap(name, path)), None)
        if met is not None:
            raise RuleRefused(f"{where}: {path} is secret, and {{{met}}} would show it.")


def overlap(one: str, other: str) -> bool:
    """True if one of the paths leads to or through the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
