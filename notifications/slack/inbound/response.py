"""What Slack gets for what it sent, whichever way that came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from notifications.slack.richtext import Json


def nothing() -> None:
    """Nothing is left to do."""


@dataclass(frozen=True)
class Response:
    """`body`: of the 200, or of the acknowledgement; None if "taken" is all there is to say.

    `later`: what is done once that has gone out; nobody waits for it, and no connection of ours is held.
    """

    body: Json | None = None
    later: Callable[[], None] = nothing
