"""A message's content as Slack's blocks: server facts and payload first, program text apart and marked. Pure.

Everything stands in full or the card says that it does not, and then offers no yes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from approvals.outcomes import OutcomeClass
from approvals.text import Row, one_line, visible
from notifications.content import Content, Fact, Quote, Table
from notifications.slack.actions import ACT, DECIDE, Act, Decide, action_id, pack, pack_act
from notifications.slack.richtext import Json, block, date, escaped, line, lines, link, preformatted, quote, text

FOR_TABLES = 3_500
FOR_A_LOOK = 1_200
ROWS_FOR_A_LOOK = 25
"""Of what does not fit: enough to see what it is, and short on a phone. It is agreed to on its page only."""
FOR_QUOTES = 1_000
FOR_POLICY = 1_000
HEADLINE_LIMIT = 400
REASON_LIMIT = 1_200
LINES_LIMIT = 600
"""Together below 10,000: Slack refuses more than about 11,000 in all blocks (slackapi/bolt-js#2867)."""
TEXT_LIMIT = 300
BUTTON_LIMIT = 75
MENU_LIMIT = 5
STYLES = {OutcomeClass.YES: "primary", OutcomeClass.NO: "danger"}
ASK = "ask"
CHOICES = "choices"
"""The block of a card's buttons."""
UNVERIFIED = " (a program's words, unverified)"
CUT = "Not everything fits into this message. "
IN_FULL = "Review it in full before you agree. "


@dataclass(frozen=True)
class Choice:
    """An outcome that the reader may give, with its class and the name on its button."""

    decide: Decide
    cls: OutcomeClass
    label: str


@dataclass(frozen=True)
class Offer:
    """Something else that the reader may do, and its line in the menu."""

    act: Act
    label: str


@dataclass(frozen=True)
class Frame:
    """What a card has besides its content: choices, a menu, words about the reader's own part, whether links work.

    `until`: its end, for readers of whom nobody knows the time zone.
    """

    choices: tuple[Choice, ...] = ()
    menu: tuple[Offer, ...] = ()
    own: str = ""
    links: bool = True
    base_url: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Card:
    """A message as Slack takes it. `is_full` if nothing was left out."""

    text: str
    blocks: tuple[Json, ...]
    is_full: bool

    @property
    def digest(self) -> str:
        """Of all that it shows."""
        return hashlib.sha256(json.dumps([self.text, self.blocks], sort_keys=True).encode()).hexdigest()


class Room:
    """How many characters are left, and whether something had to be left out."""

    def __init__(self, characters: int) -> None:
        self.left = characters
        self.is_full = True

    def take(self, words: str) -> str:
        """As much of it as there is room for."""
        words = visible(words)
        kept = words if len(words) <= self.left else words[: max(self.left - 1, 0)] + "…"
        self.is_full = self.is_full and kept == words
        self.left = max(self.left - len(kept), 0)
        return kept


def card(content: Content, frame: Frame) -> Card:
    """The whole message."""
    said = (content.policy,) if content.policy else ()
    policy, all_said = _quotes(said, content.author, FOR_POLICY)
    tables, all_rows = _tables(content.tables, FOR_TABLES - min(sum(len(each.text) for each in said), FOR_POLICY))
    quotes, all_quoted = _quotes(content.quotes, content.author, FOR_QUOTES)
    head = Room(HEADLINE_LIMIT)
    title = line(text(head.take(content.headline), bold=True))
    is_full = all_said and all_rows and all_quoted and head.is_full
    blocks = [
        block(title, *_reason(content)),
        block(_facts([fact for fact in content.facts if not fact.minor])),
        *tables,
        *quotes,
        *policy,
        *_end(content, frame, is_full=is_full),
        *_minor([fact for fact in content.facts if fact.minor]),
    ]
    return Card(push_text(content), tuple(blocks), is_full)


def reply(content: Content) -> Card:
    """A short message in the thread of the card, for a reminder: what it is about stands above it."""
    about = "\n".join(filter(None, (content.silence, *content.progress)))
    blocks = [
        _head(content),
        *([block(lines(_cut(about, LINES_LIMIT)))] if about else []),
        block(line(text("The request stands at the top of this thread.", italic=True))),
    ]
    return Card(push_text(content), tuple(blocks), is_full=False)


def told(content: Content, frame: Frame) -> Card:
    """What is told in the thread of a card, without the facts that stand above it."""
    tables, all_rows = _tables(content.tables, FOR_TABLES)
    quotes, all_quoted = _quotes(content.quotes, content.author, FOR_QUOTES)
    is_full = all_rows and all_quoted
    blocks = [_head(content), *tables, *quotes, block(line(*_way(content, frame, is_full=is_full)))]
    return Card(push_text(content), tuple(blocks), is_full)


def push_text(content: Content) -> str:
    """What a phone shows before the message is opened."""
    return escaped(one_line(content.push or content.subject, TEXT_LIMIT))


def _head(content: Content) -> Json:
    title = line(text(_cut(content.headline, HEADLINE_LIMIT), bold=True))
    return block(title, lines(_cut(content.reason, REASON_LIMIT)))


def _reason(content: Content) -> Iterable[Json]:
    if content.reason:
        yield lines(_cut(content.reason, REASON_LIMIT))
    for warning in content.warnings:
        yield line(text(f"⚠ {warning}", bold=True))


def _facts(facts: Sequence[Fact]) -> Json:
    leaves: list[Json] = []
    for fact in facts:
        leaves += [text(f"{fact.label}: ", bold=True), text(f"{fact.value}\n")]
    return line(*(leaves or [text(" ")]))


def _minor(facts: Sequence[Fact]) -> list[Json]:
    """In small letters."""
    said = [{"type": "plain_text", "text": f"{fact.label}: {visible(fact.value)}", "emoji": False} for fact in facts]
    return [{"type": "context", "elements": said}] if said else []


def _tables(tables: Sequence[Table], most: int) -> tuple[list[Json], bool]:
    """All of them, or a look at them."""
    blocks, is_full = _framed(tables, most)
    if is_full:
        return blocks, True
    return _framed([_begun(each) for each in tables], min(most, FOR_A_LOOK))[0], False


def _begun(table: Table) -> Table:
    more = (Row("", "text", "…"),) if len(table.rows) > ROWS_FOR_A_LOOK else ()
    return replace(table, rows=(*table.rows[:ROWS_FOR_A_LOOK], *more))


def _framed(tables: Sequence[Table], most: int) -> tuple[list[Json], bool]:
    """A frame for each, a line for each value; the lines that follow within one value are set in."""
    room, blocks = Room(most), []
    for table in tables:
        rows = [f"{row.path}: {row.text}" if row.path else row.text for row in table.rows]
        title = line(text(room.take(table.title), bold=True), text(UNVERIFIED, italic=True))
        body = room.take("\n".join(row.replace("\n", "\n    ") for row in rows))
        blocks.append(block(title, *([preformatted(body)] if body else [])))
        if not room.is_full:
            break
    return blocks, room.is_full and not any(table.left_out for table in tables)


def _quotes(quotes: Sequence[Quote], author: str, most: int) -> tuple[list[Json], bool]:
    room, blocks = Room(most), []
    for each in quotes:
        by = f" (written by {each.by})" if each.by else f" (written by {author}, a program; unverified)"
        blocks.append(block(line(text(each.label, bold=True), text(by, italic=True)), quote(room.take(each.text))))
    return blocks, room.is_full


def _end(content: Content, frame: Frame, *, is_full: bool) -> Iterable[Json]:
    """Earlier refusals, conditions, how far it is, what silence does, the buttons, and the way to the page."""
    if content.refusals:
        title = line(text("Refused before, within the last 7 days", bold=True))
        yield block(title, quote(_cut("\n".join(content.refusals), LINES_LIMIT)))
    about = [_cut("\n".join(each), LINES_LIMIT) for each in (content.conditions, content.progress) if each]
    if about:
        yield block(lines(*about))
    last = [text(words) for words in (f"{content.silence}\n" if content.silence else "", frame.own) if words]
    if last:
        yield block(line(*last))
    if frame.until:
        yield block(line(text("Where you are, that is: "), date(frame.until, f"{frame.until:%H:%M} UTC")))
    buttons = [button(number, each) for number, each in enumerate(_offered(frame.choices, is_full=is_full))]
    elements = [*buttons, *_menus(frame.menu)]
    if elements:
        yield {"type": "actions", "block_id": CHOICES, "elements": elements}
    yield block(line(*_way(content, frame, is_full=is_full)))


def _offered(choices: Sequence[Choice], *, is_full: bool) -> list[Choice]:
    """Nobody agrees to what they were not shown."""
    return [choice for choice in choices if is_full or choice.cls != OutcomeClass.YES]


def button(number: int, choice: Choice) -> Json:
    """The button that gives this answer."""
    style = STYLES.get(choice.cls)
    drawn: dict[str, Any] = {
        "type": "button",
        "action_id": action_id(DECIDE, number),
        "text": {"type": "plain_text", "text": one_line(choice.label, BUTTON_LIMIT), "emoji": False},
        "value": pack(choice.decide),
    }
    return drawn | ({"style": style} if style else {})


def act_button(offer: Offer) -> Json:
    """The button that does what a line of the menu does."""
    shown = {"type": "plain_text", "text": one_line(offer.label, BUTTON_LIMIT), "emoji": False}
    return {"type": "button", "action_id": action_id(ACT, 0), "text": shown, "value": pack_act(offer.act)}


def _menus(offers: Sequence[Offer]) -> list[Json]:
    """The three dots beside the buttons; Slack takes five lines, so what is left has dots of its own."""
    lines_of = [
        {"text": {"type": "plain_text", "text": one_line(each.label, BUTTON_LIMIT)}, "value": pack_act(each.act)}
        for each in offers
    ]
    parts = [lines_of[at : at + MENU_LIMIT] for at in range(0, len(lines_of), MENU_LIMIT)]
    return [{"type": "overflow", "action_id": action_id(ACT, at), "options": part} for at, part in enumerate(parts)]


def _way(content: Content, frame: Frame, *, is_full: bool) -> Iterable[Json]:
    """A link to the page, which by itself does nothing; or why there is none."""
    asks = content.template == ASK
    if not is_full:
        yield text(f"{CUT}{IN_FULL if asks else ''}", bold=True)
    if frame.links:
        yield link(content.url, "Review in full" if asks and not is_full else content.link)
    else:
        where = f"Open Countersign ({frame.base_url}) from your own network"
        yield text(f"No link: its address is private. {where} to see the page.", italic=True)


def _cut(words: str, limit: int) -> str:
    words = visible(words)
    return words if len(words) <= limit else f"{words[: limit - 1]}…"
