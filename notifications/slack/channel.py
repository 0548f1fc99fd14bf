"""The channel `slack`: a direct message to the person whose account is linked, or a post to a channel of Slack; what
follows goes into its thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from slack_sdk import WebClient

from approvals.models import Person
from intents import clock
from intents.prepared import Prepared, read_once
from intents.services.durable import durable
from notifications.case import Case
from notifications.channels.base import Dead, Fate, Message, Retry, Sending, Sent
from notifications.content import Content
from notifications.links import links_of
from notifications.models import SLACK, Delivery, Purpose, SlackInstallation, SlackLink, SlackMessage, SlackRoom
from notifications.relevance import is_looking
from notifications.sealing import Unreadable
from notifications.slack import kept
from notifications.slack.blocks import Card
from notifications.slack.cards import card_of
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, NOBODY, SLOWER, Broken, code_of, fate_of
from notifications.slack.installing import note_fault
from notifications.slack.lanes import count_from, hold
from notifications.slack.linking import REST
from notifications.slack.roomlook import is_fresh, look, look_soon
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
class Draft:
    """A card, where it goes, and below which one."""

    card: Card
    place: kept.Place
    root: SlackMessage | None


@dataclass(frozen=True)
class Post:
    """What is about to be posted, and where: to a person by their link, or to the case's room.

    It has its draft, unless Slack must say something first.
    """

    installation: SlackInstallation
    link: SlackLink | None
    case: Case
    content: Content
    client: WebClient
    draft: Draft | None = None


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

    def send(self, message: Message) -> Fate | Sending:
        """A message that was posted by an earlier try, whose worker died, is found and not posted again."""
        if message.case is None:
            raise ValueError("A Slack message needs its case.")
        if message.case.delivery.attempt > 1 and (known := kept.message_of(message.case.delivery)):
            return Sent(str(known))
        try:
            post = _prepared(message.case, message.content)
        except Unreadable as error:
            return Dead(str(error))
        if isinstance(post, Dead):
            return post
        return partial(self._send, replace(post, draft=_draft(post) if _is_known(post, clock.now()) else None))

    def _send(self, post: Post) -> Fate:
        try:
            return self._posted(post)
        except FAULTS as error:
            if code_of(error) == NOT_THERE and self._is_elsewhere(post):
                return Retry(0, MOVED, paced=True)
            fate = fate_of(error)
            if post.case.room is not None and code_of(error) in NOBODY:
                _ask_soon(post.installation, post.case.room)
            if isinstance(fate, Broken):
                note_fault(post.installation, fate.why)
            elif isinstance(fate, Retry) and fate.paced:
                hold(post.case.delivery.address, clock.now() + timedelta(seconds=fate.after_seconds))
            return fate

    def _posted(self, post: Post) -> Fate:
        """Post it, and keep where it stands. A thread whose card was deleted in Slack is begun anew."""
        draft = post.draft if _is_known(post, clock.now()) else None
        if refused := self._room_refuses(post):
            return refused
        draft = draft or self._late_draft(post)
        if _may_be_there(post.case.delivery) and (row := self._adopted(post, draft.place)):
            return Sent(str(row))
        words = _words(draft, post.case)
        self._rest()
        at = clock.now()
        try:
            said = post.client.chat_postMessage(**words)
        except FAULTS as error:
            if draft.root is None or code_of(error) != THREAD_GONE:
                raise
            kept.note_gone(draft.root)
            return Retry(0, "The card of this thread was deleted in Slack: it is posted anew.", paced=True)
        ts = str(said["ts"])
        return Sent(f"{draft.place.channel}/{ts}", partial(_keep, post.case, draft, ts, at))

    def _late_draft(self, post: Post) -> Draft:
        """By what Slack says first."""
        if post.link and not post.link.dm_channel:
            post.link.dm_channel = self._opened(post)
        with read_once():
            return _draft(post)

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

    def _opened(self, post: Post) -> str:
        """The conversation of this app with the person, kept from now on."""
        if post.link is None:
            return ""
        self._rest()
        channel = str(post.client.conversations_open(users=post.link.user_id)["channel"]["id"])
        SlackLink.objects.filter(pk=post.link.pk).update(dm_channel=channel)
        return channel


def _ask_soon(installation: SlackInstallation, room: SlackRoom) -> None:
    """Admins see at once that nothing can be posted there any more."""
    with durable():
        look_soon(installation, room.channel_id)


def _is_known(post: Post, now: datetime) -> bool:
    """True if nothing is to be asked before it is posted: neither where, nor who reads there."""
    room = post.case.room
    return bool(_conversation(post)) and (room is None or is_fresh(room, now))


def _conversation(post: Post) -> str:
    """Its id, or "" if nobody has opened it yet."""
    return post.link.dm_channel if post.link else post.case.delivery.address.partition("/")[2]


def _draft(post: Post) -> Draft:
    """By what is known now."""
    team_id, channel = post.installation.team_id, _conversation(post)
    root = kept.root_of(post.case, team_id, channel)
    place = kept.Place(team_id, channel, root.ts if root else "")
    return Draft(card_of(post.case, post.content, in_thread=root is not None), place, root)


def _keep(case: Case, draft: Draft, ts: str, at: datetime) -> None:
    """What stands in Slack now, posted at `at`."""
    kept.keep(case, draft.place, ts, draft.card)
    count_from(case.delivery.address, at)


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


def _words(draft: Draft, case: Case) -> dict[str, Any]:
    """No link in it is unfolded. The metadata name the delivery, so that a repeat can be recognised."""
    card, place = draft.card, draft.place
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
