"""What stands behind `/countersign`, read: a verb, and what it is about. Pure.

Slack writes people and links in its own way (`should_escape` in the manifest): `<@U1|bo>`, `<mailto:b@c.de|b@c.de>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from intents.errors import Invalid

MOST = 300
BACK_AT = time(9)
USER = re.compile(r"<@([A-Z0-9]{1,32})(?:\|[^>]*)?>")
LINK = re.compile(r"<(?:mailto:|https?://)([^>|]*)(?:\|([^>]*))?>")
ABSENT = "Say it like this: absent until 2026-12-24, with 14:00 after the day, and delegate @somebody, if you wish."


@dataclass(frozen=True)
class Line:
    """The first word in small letters, and the words after it as they were typed."""

    verb: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Away:
    """Until when, and who is asked instead: the id of a Slack user, or an address; "" for nobody."""

    until: datetime
    user_id: str = ""
    address: str = ""


def read(text: str) -> Line:
    """An empty line has an empty verb. What no database stores is dropped."""
    stored = text[:MOST].encode("utf-8", "ignore").decode().replace("\0", "")
    verb, *words = stored.split() or [""]
    return Line(verb.lower(), tuple(words))


def read_away(words: tuple[str, ...], zone: tzinfo) -> Away:
    """`until DAY [TIME] [delegate WHO]`; without a time one is back at nine. Invalid with how to say it."""
    until, rest = _split(words, "delegate")
    if len(until) not in (2, 3) or until[0].lower() != "until" or len(rest) > 1:
        raise Invalid(ABSENT, code="bad_command")
    return Away(_moment(until[1:], zone), *_who(rest[0] if rest else ""))


def _split(words: tuple[str, ...], at: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands before this word and what after it."""
    place = next((number for number, word in enumerate(words) if word.lower() == at), None)
    if place is None:
        return words, ()
    if place == len(words) - 1:
        raise Invalid(ABSENT, code="bad_command")
    return words[:place], words[place + 1 :]


def _moment(words: tuple[str, ...], zone: tzinfo) -> datetime:
    try:
        day = date.fromisoformat(words[0])
        clock = datetime.strptime(words[1], "%H:%M").replace(tzinfo=zone).time() if len(words) > 1 else BACK_AT
    except ValueError as error:
        raise Invalid(ABSENT, code="bad_command") from error
    return datetime.combine(day, clock, zone)


def _who(word: str) -> tuple[str, str]:
    """A Slack user's id or an address; a name alone is nobody's for sure."""
    if user := USER.fullmatch(word):
        return user[1], ""
    link = LINK.fullmatch(word)
    address = (link[2] or link[1]) if link else word
    if address and "@" not in address.strip("@"):
        raise Invalid(
            "Name the delegate by their e-mail address, or choose them from Slack's list.", code="bad_command"
        )
    return "", address
