"""The channel `slack`: a direct message to the person whose account is linked, or a post to a channel of Slack; what
follows goes into its thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from slack_sdk import WebClient

from approvals.models import Person
from intents import clock
from intents.prepared import Prepared
from notifications.case import Case
from notifications.channels.base import Dead, Fate, Message, Retry, Sent
from notifications.content import Content
from notifications.links import links_of
from notifications.models import SLACK, Delivery, Purpose, SlackInstallation, SlackLink, SlackMessage
from notifications.relevance import is_looking
from notifications.sealing import Unreadable
from notifications.slack import kept
from notifications.slack.blocks import Card
from notifications.slack.cards import card_of
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, SLOWER, Broken, code_of, fate_of
from notifications.slack.installing import note_fault
from notifications.slack.lanes import hold
from notifications.slack.linking import REST
from notifications.slack.roomlook import is_fresh, look
from notifications.slack.search import posted_before

log = logging.getLogger(__name__)
OFF = "Slack is switched off for this workspace."
NO_ROOM = "This Slack channel is not on the workspace's list any more."
OTHER_TEAM = (
    "This Slack channel is of another team than the app: an admin takes it off the list, and adds one of today's."
)
NOT_LINKED = "This person has no linked Slack account any more."
FEW = 5
THREAD_GONE = "thread_not_found"
NOT_THERE = "channel_not_found"
MOVED = "Another app of Slack speaks with this person now: it is posted into their conversation with that one."
_INSTALLATION = Prepared(lambda workspace: SlackInstallation.objects.filter(workspace=workspace))


@dataclass(frozen=True)
class Post:
    """What is about to be posted, and where: to a person by their link, or to the case's room."""

    installation: SlackInstallation
    link: SlackLink | None
    case: Case
    content: Content
    client: WebClient


class SlackChannel:
    """`rest` is called before the network is waited for: a thread of its own lets its connection go meanwhile."""

    name = SLACK

    def __init__(self, rest: Callable[[], None] = lambda: None) -> None:
        self._rest = rest

    def account_of(self, delivery: Delivery) -> str:
        """One for each Slack team."""
        return f"{SLACK}:{delivery.address.partition('/')[0]}"

    def addresses(self, workspace_id: UUID, people: Sequence[Person]) -> Mapping[UUID, str]:
        """`TEAM/USER` of those whose link has rested. Nobody while the workspace's app is missing or out of order."""
        installation = _INSTALLATION.first(workspace=workspace_id)
        if installation is None or installation.fault:
            return {}
        found = _links(installation.team_id, people, clock.now() - REST)
        return {link.person_id: link.address for link in found}

    def together(self) -> AbstractContextManager[SlackChannel]:
        """Calls have nothing in common."""
        return nullcontext(self)

    def send(self, message: Message) -> Fate:
        """A message that was posted by an earlier try, whose worker died, is found and not posted again."""
        if message.case is None:
            raise ValueError("A Slack message needs its case.")
        if message.case.delivery.attempt > 1 and (known := kept.message_of(message.case.delivery)):
            return Sent(str(known))
        try:
            post = _prepared(message.case, message.content)
        except Unreadable as error:
            return Dead(str(error))
        return post if isinstance(post, Dead) else self._send(post)

    def _send(self, post: Post) -> Fate:
        try:
            return self._posted(post)
        except FAULTS as error:
            if code_of(error) == NOT_THERE and self._is_elsewhere(post):
                return Retry(0, MOVED, paced=True)
            fate = fate_of(error)
            if isinstance(fate, Broken):
                note_fault(post.installation, fate.why)
            elif isinstance(fate, Retry) and fate.paced:
                hold(post.case.delivery.address, clock.now() + timedelta(seconds=fate.after_seconds))
            return fate

    def _posted(self, post: Post) -> Fate:
        """Post it, and keep where it stands. A thread whose card was deleted in Slack is begun anew."""
        if refused := self._room_refuses(post):
            return refused
        team_id, channel = post.installation.team_id, self._conversation(post)
        root = kept.root_of(post.case, team_id, channel)
        place = kept.Place(team_id, channel, root.ts if root else "")
        if _may_be_there(post.case.delivery) and (row := self._adopted(post, place)):
            return Sent(str(row))
        card = card_of(post.case, post.content, in_thread=root is not None)
        self._rest()
        try:
            said = post.client.chat_postMessage(**_words(card, post.case, place))
        except FAULTS as error:
            if root is None or code_of(error) != THREAD_GONE:
                raise
            kept.note_gone(root)
            return Retry(0, "The card of this thread was deleted in Slack: it is posted anew.", paced=True)
        return Sent(str(kept.keep(post.case, place, str(said["ts"]), card)))

    def _adopted(self, post: Post, place: kept.Place) -> SlackMessage | None:
        """The message of an earlier try, if Slack has one."""
        self._rest()
        found = posted_before(post.client, place.channel, post.case.delivery, place.thread_ts)
        rows = [kept.adopt(post.case, place, ts) for ts in found]
        return rows[0] if rows else None

    def _room_refuses(self, post: Post) -> Dead | None:
        """Who reads there is known before anything is posted."""
        room = post.case.room
        if room is None:
            return None
        if not is_fresh(room, clock.now()):
            self._rest()
        return look(room, post.client)

    def _is_elsewhere(self, post: Post) -> bool:
        """True if the conversation that was kept is another app's: each app of a team has its own with everybody."""
        kept_one = post.link.dm_channel if post.link else ""
        try:
            return bool(kept_one) and self._opened(post) != kept_one
        except FAULTS:
            return False

    def _conversation(self, post: Post) -> str:
        """The channel's id; with a person that of the conversation, asked for once."""
        if post.link is None:
            return post.case.delivery.address.partition("/")[2]
        return post.link.dm_channel or self._opened(post)

    def _opened(self, post: Post) -> str:
        """The conversation of this app with the person, kept from now on."""
        if post.link is None:
            return ""
        self._rest()
        channel = str(post.client.conversations_open(users=post.link.user_id)["channel"]["id"])
        SlackLink.objects.filter(pk=post.link.pk).update(dm_channel=channel)
        return channel


def _may_be_there(delivery: Delivery) -> bool:
    """True after a try that may have posted it. Whoever is only asked to slow down needs not search, which is slow."""
    whys = [each["why"] for each in delivery.tries]
    return len(whys) < delivery.attempt - 1 or any(why != SLOWER for why in whys)


def _links(team_id: str, people: Sequence[Person], before: datetime) -> Iterable[SlackLink]:
    """One at a time while they are few: that question is ready."""
    if len(people) <= FEW:
        found = [link for person in people for link in links_of(person.pk)]
        return [link for link in found if link.team_id == team_id and link.linked_at <= before]
    return SlackLink.objects.filter(ended_at=None, linked_at__lte=before, team_id=team_id, person__in=people)


def _prepared(case: Case, content: Content) -> Post | Dead:
    """By the app and the link of today."""
    installation = _INSTALLATION.first(workspace=case.delivery.workspace_id)
    if installation is None:
        return Dead(OFF)
    if installation.fault:
        return Dead(installation.fault)
    if case.delivery.is_post:
        if case.room is None or case.room.team_id != installation.team_id:
            return Dead(OTHER_TEAM if case.room else NO_ROOM)
        return Post(installation, None, case, content, client_of(installation))
    people = [case.person] if case.person else []
    link = next(iter(_links(installation.team_id, people, case.now - REST)), None)
    if link is None:
        return Dead(NOT_LINKED)
    return Post(installation, link, case, content, client_of(installation))


def _words(card: Card, case: Case, place: kept.Place) -> dict[str, Any]:
    """No link in it is unfolded. The metadata name the delivery, so that a repeat can be recognised."""
    words: dict[str, Any] = {
        "channel": place.channel,
        "text": card.text,
        "blocks": list(card.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "countersign_message", "event_payload": {"delivery": str(case.delivery.pk)}},
    }
    if place.thread_ts:
        words |= {"thread_ts": place.thread_ts, "text": f"{_ping(case)}{card.text}"}
    return words


def _ping(case: Case) -> str:
    """A reply in a thread rings no phone unless it names its reader. A post rings nobody's, nor does a last call to
    whoever is looking at it: they get it all the same.
    """
    gate, person = case.gate, case.person
    if person is None or (case.delivery.purpose == Purpose.WARNING and gate and is_looking(gate, person, case.now)):
        return ""
    return f"<@{case.delivery.address.partition('/')[2]}> "
