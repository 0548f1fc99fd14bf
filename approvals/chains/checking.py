"""What a chain may look like when somebody writes one. Pure: whether its people exist is seen elsewhere.

{"steps": [{"after": 0, "who": [], "channels": ["slack", {"email": 600}], "post": ["slack:#deploys"],
            "remind": {"after": 1800, "every": 1800, "most": 3}}, {"after": 7200, "who": ["team:leads"]}],
 "repeat": 0, "repeat_after": 7200, "last_resort": ["team:leads"],
 "hours": {"zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "09:00", "to": "18:00", "holidays": "DE-BE",
           "pass": ["high"]}}
"""

from __future__ import annotations

import re
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from approvals.chains.body import MOST_REMINDERS, SHORTEST_INTERVAL
from approvals.chains.hours import DAYS, MIDNIGHT, calendar_of
from approvals.rulebook.posts import check_post
from approvals.rulebook.words import RuleRefused, count, only_known

MOST_STEPS = 20
MOST_ROUNDS = 10
MOST_CHANNELS = 5
LONGEST_PAUSE = 29 * 24 * 3600
RISKS = ("low", "normal", "high")
CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,15}")
CHAIN_KEYS = ("steps", "repeat", "repeat_after", "last_resort", "hours")
STEP_KEYS = ("after", "who", "channels", "post", "remind")
REMIND_KEYS = ("after", "every", "most")
HOURS_KEYS = ("zone", "days", "from", "to", "holidays", "pass")


def check_chain(body: Any, where: str = "chain") -> None:
    """RuleRefused unless `body` has the shape above."""
    steps = _object(body, CHAIN_KEYS, where).get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise RuleRefused(f"{where}.steps must list 1 to {MOST_STEPS} steps.")
    for number, step in enumerate(steps):
        _check_step(step, f"{where}.steps[{number}]", first=number == 0)
    if not _whole(body.get("repeat", 0), 0, MOST_ROUNDS):
        raise RuleRefused(f"{where}.repeat is how many more times it runs, from 0 to {MOST_ROUNDS}.")
    if "repeat_after" in body:
        _seconds(body["repeat_after"], f"{where}.repeat_after", SHORTEST_INTERVAL)
    _names(body.get("last_resort", []), f"{where}.last_resort")
    if body.get("hours") is not None:
        _check_hours(body["hours"], f"{where}.hours")


def check_channels(value: Any, where: str) -> None:
    """RuleRefused unless it lists names of channels, each at once or so many seconds later, none of them twice."""
    if not isinstance(value, list) or len(value) > MOST_CHANNELS:
        raise RuleRefused(f'{where} must be a list of at most {MOST_CHANNELS}, e.g. ["slack", {{"email": 600}}].')
    names = []
    for entry in value:
        name, later = next(iter(entry.items())) if isinstance(entry, dict) and len(entry) == 1 else (entry, 0)
        if not isinstance(name, str) or not CHANNEL.fullmatch(name) or not _whole(later, 0, LONGEST_PAUSE):
            raise RuleRefused(f'{where}: {entry!r} is neither a channel such as "slack" nor {{"email": 600}}.')
        names.append(name)
    if len(set(names)) < len(names):
        raise RuleRefused(f"{where} names a channel twice.")


def _check_step(step: Any, where: str, *, first: bool) -> None:
    _object(step, STEP_KEYS, where)
    _seconds(step.get("after", 0 if first else None), f"{where}.after", 0 if first else SHORTEST_INTERVAL)
    _names(step.get("who", []), f"{where}.who")
    check_channels(step.get("channels", []), f"{where}.channels")
    if "post" in step:
        check_post(step["post"], f"{where}.post")
    if step.get("remind") is not None:
        remind = _object(step["remind"], REMIND_KEYS, f"{where}.remind")
        for key in ("after", "every"):
            _seconds(remind.get(key, remind.get("after")), f"{where}.remind.{key}", SHORTEST_INTERVAL)
        if not _whole(remind.get("most", 1), 1, MOST_REMINDERS):
            raise RuleRefused(f"{where}.remind.most is from 1 to {MOST_REMINDERS}.")


def _check_hours(hours: Any, where: str) -> None:
    _object(hours, HOURS_KEYS, where)
    _check_zone(hours.get("zone"), f"{where}.zone")
    days, passing = hours.get("days"), hours.get("pass", [])
    if not isinstance(days, list) or not days or not all(day in DAYS for day in days) or len(set(days)) < len(days):
        raise RuleRefused(f"{where}.days must list days of the week: {', '.join(DAYS)}.")
    if not isinstance(passing, list) or not all(risk in RISKS for risk in passing):
        raise RuleRefused(f"{where}.pass must list risks that are not held: {', '.join(RISKS)}.")
    opens, closes = _time(hours.get("from"), f"{where}.from"), hours.get("to")
    if closes != MIDNIGHT and _time(closes, f"{where}.to") <= opens:
        raise RuleRefused(f"{where}.to must be later than from on the same day; midnight is {MIDNIGHT}.")
    _check_holidays(hours.get("holidays", ""), f"{where}.holidays")


def _check_zone(name: Any, where: str) -> None:
    try:
        ZoneInfo(name)
    except (TypeError, ValueError, OSError, LookupError) as error:
        raise RuleRefused(f"{where} must be a time zone such as Europe/Berlin.") from error


def _check_holidays(name: Any, where: str) -> None:
    try:
        if name:
            calendar_of(name)
    except (NotImplementedError, AttributeError, TypeError) as error:
        raise RuleRefused(f"{where} must be a country, or a part of one, that is known: DE, DE-BE, US-CA.") from error


def _time(text: Any, where: str) -> time:
    if not isinstance(text, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise RuleRefused(f"{where} must be a time of day such as 09:00.")
    return time.fromisoformat(text)


def _object(value: Any, known: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RuleRefused(f"{where} must be an object with {', '.join(known)}.")
    only_known(value, known, where)
    return value


def _names(value: Any, where: str) -> None:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise RuleRefused(f'{where} must list people, teams or schedules, e.g. ["team:leads"].')


def _seconds(value: Any, where: str, least: int) -> None:
    if not _whole(value, least, LONGEST_PAUSE):
        raise RuleRefused(f"{where} is in seconds, from {least} to {LONGEST_PAUSE} (29 days).")


def _whole(value: Any, least: int, most: int) -> bool:
    return count(value, least) and value <= most
