"""What every channel promises: it takes a message and says how that went. It never raises for a failed sending."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from approvals.models import Person
from notifications.case import Case
from notifications.content import Content
from notifications.models import Delivery


@dataclass(frozen=True)
class Message:
    """One message to one address. `delivery_id` stays the same however often it is tried.

    `case`: what it is made of, for channels that keep their messages true later on.
    """

    delivery_id: uuid.UUID
    intent_id: uuid.UUID
    gate_id: uuid.UUID | None
    to: str
    content: Content
    case: Case | None = None


@dataclass(frozen=True)
class Sent:
    """The channel took it; `ref` is the channel's own id of the message. `keep` notes what else it must remember of it:
    in the transaction that settles the delivery or, where that fails, in one of its own.
    """

    ref: str
    keep: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Retry:
    """Not now. Not before `after_seconds`; `account` if the whole channel account is at fault, not this message.

    `paced`: nothing failed, the other side only named the moment for the next try.
    """

    after_seconds: float
    why: str
    account: bool = False
    paced: bool = False


@dataclass(frozen=True)
class Dead:
    """Never: this address cannot be reached."""

    why: str


Fate = Sent | Retry | Dead
Sending = Callable[[], Fate]
"""The one try, by whoever may wait for the network: everything that is said was read before."""


class Channel(Protocol):
    """One way to reach people."""

    name: str

    def account_of(self, delivery: Delivery) -> str:
        """The name of the account through which this goes; its breaker (ChannelAccount) has it."""

    def addresses(self, workspace_id: uuid.UUID, people: Sequence[Person]) -> Mapping[uuid.UUID, str]:
        """Where it reaches each of them in this workspace. Who is missing cannot be reached by it."""

    def together(self) -> AbstractContextManager[Channel]:
        """The same channel, for messages that one thread sends one after the other."""

    def send(self, message: Message) -> Fate | Sending:
        """Try once, outside any transaction, within the channel's own time limit; or say how."""
