"""The shape of a schedule's body, checked in words. Pure: no database, no clock.

{"zone": "Europe/Berlin",
 "layers": [{"name": "primary", "people": ["person:ana@acme.example"], "rotation": "daily" | "weekly" | "custom",
             "every": HOURS (custom), "weekday": "mon" (weekly), "handover": "09:00", "start": "2026-11-02",
             "until": null, "restrict": [{"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}]}]}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from approvals.oncall import DAYS

ROTATIONS = ("daily", "weekly", "custom")
BODY_KEYS = ("zone", "layers")
LAYER_KEYS = ("name", "people", "rotation", "every", "weekday", "handover", "start", "until", "restrict")
WINDOW_KEYS = ("days", "from", "to")
MOST_LAYERS = 10
MOST_PEOPLE = 100
MOST_WINDOWS = 20
LONGEST_TURN_HOURS = 366 * 24
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z", re.ASCII)


class ScheduleRefused(ValueError):
    """The schedule, the override or the calendar cannot be saved; the message says what and why."""


def check_body(body: Any) -> None:
    """ScheduleRefused unless `body` has the shape above."""
    if not isinstance(body, dict):
        raise ScheduleRefused("A schedule is an object with zone and layers.")
    _only_known(body, BODY_KEYS, "The schedule")
    if not isinstance(body.get("zone"), str) or body["zone"] not in available_timezones():
        raise ScheduleRefused("zone must be a time zone such as Europe/Berlin.")
    layers = body.get("layers")
    if not isinstance(layers, list) or not 1 <= len(layers) <= MOST_LAYERS:
        raise ScheduleRefused(f"layers must list 1 to {MOST_LAYERS} rotations.")
    for number, layer in enumerate(layers):
        _check_layer(layer, f"layers[{number}]")


def _check_layer(layer: Any, where: str) -> None:
    if not isinstance(layer, dict):
        raise ScheduleRefused(f"{where} must be an object with people, rotation, handover and start.")
    _only_known(layer, LAYER_KEYS, where)
    if not isinstance(layer.get("name", ""), str):
        raise ScheduleRefused(f"{where}.name must be a text.")
    people = layer.get("people")
    if not isinstance(people, list) or not all(isinstance(name, str) and name for name in people):
        raise ScheduleRefused(f'{where}.people must list people in their order, e.g. ["person:ana@acme.example"].')
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise ScheduleRefused(f"{where}.people must list 1 to {MOST_PEOPLE} people.")
    _check_turns(layer, where)
    windows = layer.get("restrict") or []
    if not isinstance(windows, list) or len(windows) > MOST_WINDOWS:
        raise ScheduleRefused(f"{where}.restrict must list at most {MOST_WINDOWS} windows.")
    for number, window in enumerate(windows):
        _check_window(window, f"{where}.restrict[{number}]")


def _check_turns(layer: dict[str, Any], where: str) -> None:
    if layer.get("rotation") not in ROTATIONS:
        raise ScheduleRefused(f"{where}.rotation must be one of {', '.join(ROTATIONS)}.")
    if not _is_clock(layer.get("handover")):
        raise ScheduleRefused(f"{where}.handover must be a time of day such as 09:00.")
    start = _day(layer, "start", where)
    if start is None:
        raise ScheduleRefused(f"{where}.start must be the day on which the first turn begins, such as 2026-11-02.")
    until = _day(layer, "until", where)
    if until is not None and until <= start:
        raise ScheduleRefused(f"{where}.until must be later than start.")
    check: dict[str, Callable[[dict[str, Any], date, str], None]] = {"weekly": _check_weekly, "custom": _check_custom}
    if layer["rotation"] in check:
        check[layer["rotation"]](layer, start, where)
    for key, rotation in (("every", "custom"), ("weekday", "weekly")):
        if layer.get(key) is not None and layer["rotation"] != rotation:
            raise ScheduleRefused(f"{where}.{key} belongs to the rotation {rotation} only.")


def _check_weekly(layer: dict[str, Any], start: date, where: str) -> None:
    """The first turn begins on `start`, so that day and `weekday` say the same."""
    weekday = layer.get("weekday", DAYS[start.weekday()])
    if weekday not in DAYS:
        raise ScheduleRefused(f"{where}.weekday must be one of {', '.join(DAYS)}.")
    if weekday != DAYS[start.weekday()]:
        raise ScheduleRefused(
            f"{where}.start {start} is a {start:%A}, but turns begin on {weekday}: let start be a {weekday}."
        )


def _check_custom(layer: dict[str, Any], start: date, where: str) -> None:
    every = layer.get("every")
    if not isinstance(every, int) or isinstance(every, bool) or not 1 <= every <= LONGEST_TURN_HOURS:
        raise ScheduleRefused(f"{where}.every must say how many hours a turn takes, from 1 to {LONGEST_TURN_HOURS}.")


def _check_window(window: Any, where: str) -> None:
    if not isinstance(window, dict):
        raise ScheduleRefused(f'{where} must look like {{"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}}.')
    _only_known(window, WINDOW_KEYS, where)
    if not _is_clock(window.get("from")) or not (_is_clock(window.get("to")) or window.get("to") == "24:00"):
        raise ScheduleRefused(f"{where}: from and to must be times of day such as 09:00; to may be 24:00.")
    if window["from"] == window["to"]:
        raise ScheduleRefused(f"{where}: from and to are the same; leave restrict out for around the clock.")
    days = window.get("days", list(DAYS))
    if not isinstance(days, list) or not days or any(day not in DAYS for day in days):
        raise ScheduleRefused(f"{where}.days must list days among {', '.join(DAYS)}.")


def _only_known(value: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    """A misspelt key would silently mean nothing."""
    strange = sorted(str(key) for key in set(value) - set(known))
    if strange:
        raise ScheduleRefused(f"{where} has an unknown key {strange[0]!r}; known are {', '.join(known)}.")


def _is_clock(value: Any) -> bool:
    return isinstance(value, str) and CLOCK.match(value) is not None


def _day(layer: dict[str, Any], key: str, where: str) -> date | None:
    value = layer.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
    except ValueError as error:
        raise ScheduleRefused(f"{where}.{key} must be a day such as 2026-11-02.") from error
