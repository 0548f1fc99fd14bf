"""Whose Slack account is whose. It begins and ends on the signed-in person's page; Slack only carries a code.

1. The page shows a code (`new_code`).  2. The person sends it to the bot (`take_code`).  3. Slack is asked who that was
(`lookup.look_up_due`).  4. The page names that user, and the person says yes (`confirm`).  5. After a rest it works.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError

from approvals.models import Person
from intents.errors import Conflict, NotFound
from intents.services.configuration import recorded
from intents.services.durable import durable
from intents.services.keys import digest_of_secret
from notifications.models import SlackCode, SlackInstallation, SlackLink
from notifications.slack.homes import mark_home_of
from notifications.slack.kept import mark_reader

CODE_LIFE = timedelta(minutes=10)
CONFIRM_LIFE = timedelta(minutes=15)
REST = timedelta(minutes=15)
REPEATED_FOR = timedelta(minutes=6)
RANDOM_BYTES = 10
CODE = re.compile(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b")
TAKEN = "This Slack account, or another of yours in that team, is linked already: unlink it first."


def new_code(person: Person, now: datetime) -> str:
    """A fresh code, shown once. Codes made before stop working."""
    text = b32encode(secrets.token_bytes(RANDOM_BYTES)).decode()
    code = "-".join(text[at : at + 4] for at in range(0, len(text), 4))
    with durable():
        SlackCode.objects.filter(person=person, used_at=None).delete()
        SlackCode.objects.create(person=person, digest=digest_of_secret(code), expires_at=now + CODE_LIFE)
    return code


def take_code(installation: SlackInstallation, team_id: str, user_id: str, text: str, now: datetime) -> bool:
    """Somebody sent `text` to the bot. True if it holds a code that nobody sent before; who they are is asked later."""
    found = CODE.search(text.upper())
    if found is None:
        return False
    fresh = SlackCode.objects.filter(digest=digest_of_secret(found[0]), sent_at=None, used_at=None, expires_at__gt=now)
    said = {"installation": installation, "team_id": team_id[:32], "user_id": user_id[:32]}
    until = now + CONFIRM_LIFE
    return bool(fresh.update(**said, sent_at=now, look_up_after=now, expires_at=until))


def is_repeat(team_id: str, user_id: str, text: str, now: datetime) -> bool:
    """True if this Slack user sent the code in this text just now: Slack repeats what it thinks was lost."""
    found = CODE.search(text.upper())
    sent = SlackCode.objects.filter(team_id=team_id, user_id=user_id, sent_at__gt=now - REPEATED_FOR)
    return found is not None and sent.filter(digest=digest_of_secret(found[0])).exists()


def waiting_code(person: Person, now: datetime) -> SlackCode | None:
    """This person's code that was not used yet, with whatever came of it so far."""
    rows = SlackCode.objects.filter(person=person, used_at=None, expires_at__gt=now)
    return rows.select_related("installation").order_by("-pk").first()


def confirm(person: Person, code_id: int, now: datetime) -> SlackLink:
    """The person says that this Slack user is them. NotFound or Conflict with a sentence otherwise."""
    try:
        with durable():
            code = _confirmable(person, code_id, now)
            link = SlackLink(
                person=person,
                team_id=code.team_id,
                team_name=code.installation.team_name if code.installation else "",
                user_id=code.user_id,
                user_name=code.user_name,
                zone=code.zone,
                linked_at=now,
                announce_after=now,
            )
            SlackCode.objects.filter(pk=code.pk).update(used_at=now)
            with recorded(person.actor, lambda: SlackLink.objects.filter(pk=link.pk)):
                link.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(TAKEN, code="slack_linked_already") from error
    return link


def refuse(person: Person, code_id: int) -> None:
    """That is not them: the code is void."""
    with durable():
        SlackCode.objects.filter(person=person, pk=code_id, used_at=None).delete()


def unlink(person: Person, link_id: UUID, now: datetime) -> None:
    """From now on this Slack account is nobody's here."""
    with durable(), recorded(person.actor, lambda: SlackLink.objects.filter(pk=link_id, person=person)):
        SlackLink.objects.filter(pk=link_id, person=person, ended_at=None).update(ended_at=now)
        mark_home_of(person.pk)
        mark_reader(person.pk)


def is_rested(link: SlackLink, now: datetime) -> bool:
    """True once the link works, both ways."""
    return link.linked_at + REST <= now


def link_of(team_id: str, user_id: str) -> SlackLink | None:
    """Whose Slack account this is, if anybody has said so and not taken it back."""
    rows = SlackLink.objects.filter(team_id=team_id, user_id=user_id, ended_at=None)
    return rows.select_related("person").first()


def _confirmable(person: Person, code_id: int, now: datetime) -> SlackCode:
    rows = SlackCode.objects.select_for_update(of=("self",)).select_related("installation")
    code = rows.filter(person=person, pk=code_id, used_at=None, expires_at__gt=now).first()
    if code is None or code.looked_up_at is None or code.refusal:
        raise NotFound("There is nothing to confirm any more: make a new code.")
    return code
