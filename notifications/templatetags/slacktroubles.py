"""Telling an admin on their pages that something is wrong with Slack."""

from __future__ import annotations

from typing import Any

from django import template

from approvals.models import Person
from intents import clock
from notifications.slack.troubles import Trouble, troubles_for

register = template.Library()


@register.simple_tag
def slack_troubles(person: Any) -> list[Trouble]:
    """Of the workspaces whose admin this person is."""
    return troubles_for(person, clock.now()) if isinstance(person, Person) else []
