"""The Home as Slack's blocks: groups of entries, what programs wrote as literal text. Pure.

Slack takes 100 blocks; at most 20 + 10 + 10 entries, of at most two blocks each, stay below that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from approvals.text import one_line
from notifications.slack.openbutton import open_button
from notifications.slack.richtext import Json, block, line, link, text

HEAD_LIMIT, REST_LIMIT = 300, 600
ON_HOME = "home"


@dataclass(frozen=True)
class Entry:
    """`head` stands out, `rest` explains it. `gate_id`: what can be opened, if there is something."""

    head: str
    rest: str
    gate_id: UUID | None = None


@dataclass(frozen=True)
class Group:
    """`more`: how many are not shown. `none`: said instead of entries. `label`: of the button of each that opens."""

    title: str
    entries: tuple[Entry, ...]
    more: int
    none: str
    label: str


@dataclass(frozen=True)
class Link:
    """The way to the whole inbox; `works` if Slack's readers can open it."""

    url: str
    works: bool


def home(groups: Sequence[Group], inbox: Link, sealed: str) -> Json:
    """The view of somebody whom Countersign knows. `sealed` says whose it is."""
    blocks = [each for group in groups for each in _group(group, inbox)]
    return _view([*blocks, block(line(_way(inbox, "Open your inbox in Countersign")))], sealed)


def sign(words: str, how: Sequence[str]) -> Json:
    """The view of somebody to whom nothing is shown."""
    return _view([block(line(text(words, bold=True), text("".join(f"\n{each}" for each in how) or " ")))], "")


def _group(group: Group, inbox: Link) -> Iterator[Json]:
    count = len(group.entries) + group.more
    title = f"{group.title} ({count})" if count else group.title
    yield {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}
    if not group.entries:
        yield block(line(text(group.none, italic=True)))
    for entry in group.entries:
        head, rest = one_line(entry.head, HEAD_LIMIT), one_line(entry.rest, REST_LIMIT)
        yield block(line(text(f"{head}\n", bold=True), text(rest)))
        if entry.gate_id and group.label:
            yield {"type": "actions", "elements": [open_button(entry.gate_id, group.label)]}
    if group.more:
        yield block(line(text(f"And {group.more} more. "), _way(inbox, "See them all")))


def _way(inbox: Link, words: str) -> Json:
    if inbox.works:
        return link(inbox.url, words)
    return text(f"No link: its address is private. Open {inbox.url} from your own network.", italic=True)


def _view(blocks: Sequence[Json], sealed: str) -> Json:
    return {"type": "home", "callback_id": ON_HOME, "private_metadata": sealed, "blocks": list(blocks)}
