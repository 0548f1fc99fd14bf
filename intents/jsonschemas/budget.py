"""A limit on the work of one validation, counted instead of timed so that the same form always gets the same answer."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jsonschema.exceptions import ValidationError

Rule = Callable[[Any, Any, Any, dict[str, Any]], Iterable[ValidationError] | None]
MeteredRule = Callable[[Any, Any, Any, dict[str, Any]], Iterator[ValidationError]]

# About five microseconds each, so that all of them stay under 50 ms.
UNITS = 8_000
_left: ContextVar[int] = ContextVar("units left")


class TooMuchWork(Exception):
    """The answer cannot be checked against this form in the time that one request may take."""


@contextmanager
def budget(units: int = UNITS) -> Iterator[None]:
    """What is checked inside may spend `units`, then TooMuchWork."""
    token = _left.set(units)
    try:
        yield
    finally:
        _left.reset(token)


def spend(units: int) -> None:
    """Count work before it is done."""
    left = _left.get() - units
    if left < 0:
        raise TooMuchWork
    _left.set(left)


def metered(rule: Rule, holder: type[Any] | None = None) -> MeteredRule:
    """A keyword's rule that pays for each use, for long values, and for what its messages quote.

    With `holder` (list or dict) also for looking into each entry of one, even where nothing is asked of the entries.
    """

    def paid(validator: Any, value: Any, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
        spend(2 + _size(value) // 16 + _size(instance) // 64)
        if holder is not None and isinstance(instance, holder):
            spend(len(instance) // 2)
        for fault in rule(validator, value, instance, schema) or ():
            spend(len(fault.message) // 256)
            yield fault

    return paid


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0
