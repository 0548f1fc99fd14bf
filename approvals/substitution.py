"""Names in braces in an admin's text, put in once. Nothing is evaluated, and what is put in is not looked at again."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAMES = ("type", "target", "sender", "requester", "workspace")
PAYLOAD = "payload."
_NAME = re.compile(r"\{([^{}]*)\}")
_FIELD = re.compile(r"payload\.[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")


class SubstitutionRefused(ValueError):
    """The text has a name in braces that nothing stands for."""


def check_template(text: str) -> None:
    """SubstitutionRefused for a brace that is no known name."""
    for name in _NAME.findall(text):
        if name not in NAMES and not _FIELD.match(name):
            known = ", ".join(NAMES)
            raise SubstitutionRefused(f"{{{name}}} stands for nothing; known are {known}, and payload.NAME.")
    rest = _NAME.sub("", text)
    if "{" in rest or "}" in rest:
        raise SubstitutionRefused("a brace stands alone; write names like {type}, and no other braces.")


def names_in_template(text: str) -> list[str]:
    """The names that the text asks for."""
    return _NAME.findall(text)


def substituted(text: str, values: Mapping[str, str]) -> str:
    """The text with each name's value in its place; a name without a value stays as it is written."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), text)
