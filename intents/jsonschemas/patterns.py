"""Regular expressions from strangers, run by an engine that cannot backtrack."""

from functools import lru_cache
from typing import Protocol, cast

import re2

MAX_LENGTH = 500
MAX_PROGRAM = 5_000
_MAX_MEMORY = 512 * 1024


class Compiled(Protocol):
    """What is used of an re2 pattern; `programsize` times the text's length bounds the work of a search."""

    programsize: int

    def search(self, text: bytes) -> object | None: ...


class PatternRefused(ValueError):
    """The pattern is too long, too big when compiled, or needs backtracking. The sentence says which."""


@lru_cache(maxsize=128)
def compiled(pattern: str) -> Compiled:
    """A pattern in RE2's syntax, or PatternRefused."""
    if len(pattern) > MAX_LENGTH:
        raise PatternRefused(f"The pattern is longer than {MAX_LENGTH} characters; shorten it.")
    try:
        program = cast(Compiled, re2.compile(pattern, _options()))
    except (re2.error, ValueError) as fault:
        raise PatternRefused(f"The pattern cannot be used ({_reason(fault)}); write it in RE2 syntax.") from None
    if program.programsize > MAX_PROGRAM:
        raise PatternRefused("The pattern is too big when compiled; use smaller repetitions and character classes.")
    return program


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    return options


def _reason(fault: Exception) -> str:
    reason = fault.args[0] if fault.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
