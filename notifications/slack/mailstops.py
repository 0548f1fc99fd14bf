"""Whoever gets no mail any more, as it came back, is told so where they still read: in Slack."""

from __future__ import annotations

from datetime import timedelta

from approvals.models import Person
from intents import clock
from notifications.links import links_of
from notifications.models import SlackInstallation
from notifications.slack.linking import is_rested
from notifications.slack.notes import Note, queue_note
from notifications.slack.notewords import NO_MAIL

PAUSE = timedelta(days=1)


def tell_of_stop(address: str) -> None:
    """Nobody whose account is not linked. Inside `durable()`."""
    person = Person.objects.filter(email=address.lower(), is_active=True).first()
    links = [link for link in links_of(person.pk) if is_rested(link, clock.now())] if person else []
    for link in links:
        mine = SlackInstallation.objects.filter(team_id=link.team_id, fault="")
        app = mine.filter(workspace__memberships__person=person, workspace__memberships__is_active=True).first()
        if app is not None:
            queue_note(app, Note(NO_MAIL, link.user_id, link.dm_channel, PAUSE))
