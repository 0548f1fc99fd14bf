"""What a dry run plays: an example intent, when it is sent, what people and the agent do, drafts of policies. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from intents.submission import Submission

MOST_ACTS = 50


@dataclass(frozen=True)
class Act:
    """`who` (an e-mail address) does something on the gate that is open `after` the sending.

    `does` is approve, reject, one of the gate's outcomes, or an act such as take_back.
    """

    after: timedelta
    who: str
    does: str
    comment: str = ""


@dataclass(frozen=True)
class AgentPart:
    """What agents do with their work: answer `after` it was offered, or fail then; None: nobody listens."""

    after: timedelta | None = timedelta(seconds=1)
    fails: bool = False
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A policy as it would be saved."""

    name: str
    body: dict[str, Any]
    position: int


@dataclass(frozen=True)
class Script:
    """`sender`: the name of a service account, whether it exists or not."""

    submission: Submission
    at: datetime
    sender: str = "dry-run"
    acts: tuple[Act, ...] = ()
    agents: AgentPart = AgentPart()
    drafts: tuple[Draft, ...] = ()
