"""Reading a body that somebody typed: each refusal says which key is wrong and how it should look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class RuleRefused(ValueError):
    """The policy cannot be saved; the message says which key and why."""


def only_known(value: dict[str, Any], known: Iterable[str], where: str) -> None:
    """A misspelt key would silently mean nothing."""
    strange = sorted(set(value) - set(known))
    if strange:
        raise RuleRefused(f"{where} has an unknown key {strange[0]!r}; known are {', '.join(known)}.")


def texts(value: Any) -> bool:
    """True for a list of at least one text, none of them empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def count(value: Any, least: int = 1) -> bool:
    """True for a whole number from `least` on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def check_texts(value: Any, where: str, example: str) -> None:
    """RuleRefused unless it lists texts, none twice."""
    if not texts(value) or len(set(value)) < len(value):
        raise RuleRefused(f"{where} must be a list of texts, none of them twice, e.g. {example}.")


def check_text(value: Any, where: str, most: int) -> None:
    """RuleRefused unless it is a text of at most `most` characters."""
    if not isinstance(value, str) or len(value) > most:
        raise RuleRefused(f"{where} must be a text of at most {most} characters.")


def check_choice(value: Any, choices: Iterable[str], where: str) -> None:
    """RuleRefused unless it is one of these."""
    if value not in choices:
        raise RuleRefused(f"{where} must be one of {', '.join(choices)}.")
