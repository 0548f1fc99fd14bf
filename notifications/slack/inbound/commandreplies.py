"""What a command is answered: a note that its caller alone sees, in literal text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.slack.manifest import COMMAND
from notifications.slack.richtext import Json, block, escaped, line, text

LINES_LIMIT = 9_000
HELP = f"""\
{COMMAND} list: what waits for you
{COMMAND} show NUMBER or ID: one request in full
{COMMAND} oncall [SCHEDULE]: who is on call, and who is next
{COMMAND} absent: when you are away
{COMMAND} absent until 2026-12-24 [14:00] [delegate @somebody or an address]: be away from now on
{COMMAND} absent off: be back"""
NOT_BY_COMMAND = (
    "Nothing is decided by a command, on purpose: nobody agrees to what they were not shown. Press the buttons of the "
    f"request's message, or find it with {COMMAND} list, look at it with {COMMAND} show, and decide there."
)
NOT_CONFIRMED = "Not confirmed yet: Countersign did not get it done in time. Send the command again; twice is safe."


def said(words: str) -> Json:
    """One note."""
    return shown(words, [block(line(text(words[:LINES_LIMIT])))])


def shown(words: str, blocks: Sequence[Json]) -> Json:
    """`words` are what a phone shows of the blocks."""
    return {"response_type": "ephemeral", "text": escaped(words[:LINES_LIMIT]), "blocks": list(blocks)}


def titled(title: str, lines: Sequence[str]) -> Json:
    """Lines below a title that stands out."""
    body = "\n".join(lines)[:LINES_LIMIT]
    return shown(f"{title}\n{body}", [block(line(text(f"{title}\n", bold=True), text(body or " ")))])
