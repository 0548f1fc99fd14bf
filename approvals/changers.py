"""Who changed the rules lately: they do not decide on what these rules are for, or one admin could be both.

Read from the workspace's chain, whose entries name their author. The first start, the server and an operator's command
are nobody who could decide, and keep nobody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from approvals.models import Absence, Membership, Override, Person, PolicyVersion
from approvals.reach import deciders_ever
from approvals.rules import Rule
from approvals.terms import CHAIN, POST
from intents.models import Workspace, WorkspaceEntry
from intents.services.changes import details_of_entry

LATELY = timedelta(hours=24)
KINDS = (
    *(
        "absence",
        "approval_settings",
        "chain",
        "membership",
        "override",
        "person",
        "policy",
        "schedule",
        "slack_channel",
    ),
    *("slack_installation", "team"),
)
WHOLE = {"approval_settings": "the approval settings", "slack_installation": "the Slack app"}
"""What concerns every intent of the workspace, in words."""
CHANGES = [*(f"{kind}.{verb}" for kind in KINDS for verb in ("created", "changed", "deleted")), "absence.ended"]
PERSON = "person:"
SETTING = "changers_wait"


@dataclass(frozen=True)
class Rules:
    """What one intent is decided by: policies for its type (None: they have been applied), and these names'
    people. A saved chain is a name, too: `chain:night`; so is where it is posted: `post:slack:#deploys`."""

    workspace: Workspace
    names: frozenset[str]
    intent_type: str | None = None

    @cached_property
    def people(self) -> set[str]:
        """Who may decide, on call or later on call, or may break the glass of any gate."""
        breakers = Membership.objects.filter(workspace=self.workspace, is_active=True, can_break_glass=True)
        who = [name for name in self.names if not name.startswith((CHAIN, POST))]
        named = {person.ref for person in deciders_ever(self.workspace, who)}
        return named | {str(person_id) for person_id in breakers.values_list("person_id", flat=True)}

    def touched_by(self, change: str, said: dict[str, Any], by: Person) -> str:
        """What of these rules the change was about, in words; "" if nothing. One's own absence is one's own affair."""
        kind = change.partition(".")[0]
        return self._of_people(kind, said, by) or self._of_rules(kind, said)

    def _of_people(self, kind: str, said: dict[str, Any], by: Person) -> str:
        match kind:
            case "absence" if (absent := _absent(said)) and absent != by and absent.ref in self.people:
                return f"the absence of {absent.name}"
            case "person" if said["id"] in self.people:
                return f"the account of {said['name']}"
            case "membership" if not _only_channels(said) and self._is_of_a_decider(said["id"]):
                return f"the rights of {said['name']}"
        return ""

    def _of_rules(self, kind: str, said: dict[str, Any]) -> str:
        match kind:
            case "team" | "schedule" | "chain" if said["name"] in self.names:
                return f"the {said['name'].replace(':', ' ')}"
            case "slack_channel" if f"{POST}{said['name']}" in self.names:
                return f"the Slack channel {said['name'].removeprefix('slack:')}"
            case "override" if _schedule_of(said) in self.names:
                return f"who is on call in {_schedule_of(said).removeprefix('schedule:')}"
            case "policy" if self.intent_type is not None and _policy_matches(said, self.intent_type):
                return f"the policy {said['name']}"
            case "approval_settings" | "slack_installation" if self.intent_type is not None:
                return WHOLE[kind]
        return ""

    def _is_of_a_decider(self, membership: str) -> bool:
        row = Membership.objects.filter(pk=membership).first()
        return row is not None and str(row.person_id) in self.people


def entries_since(workspace: Any, moment: Any) -> QuerySet[WorkspaceEntry]:
    """People's changes of whatever may decide over an intent. `workspace` may be a column of an outer query."""
    rows = WorkspaceEntry.objects.filter(workspace=workspace, change__in=CHANGES, at__gte=moment)
    return rows.filter(actor__startswith=PERSON)


def changers(rules: Rules, since: datetime, *, is_on: bool = True) -> dict[str, str]:
    """Opaque id to sentence, for each person who changed these rules since then.

    Where the workspace has switched this off, only for who switched it off.
    """
    rows = entries_since(rules.workspace.pk, since).order_by("seq")
    entries = [(row, details_of_entry(row)) for row in rows]
    authors = _people_by_actor(entries)
    found = {}
    for entry, said in entries:
        person = authors.get(entry.actor)
        if person is None or not (is_on or _switched_off(said)):
            continue
        what = rules.touched_by(entry.change, said, person)
        if what:
            found[person.ref] = _sentence(person, what, entry.at)
    return found


def _people_by_actor(entries: list[tuple[WorkspaceEntry, dict[str, Any]]]) -> dict[str, Person]:
    """Also by the address that somebody had before: a new one does not make them somebody else."""
    emails = [entry.actor.removeprefix(PERSON) for entry, _ in entries]
    renamed = {
        f"{PERSON}{said['before']['email']}": said["id"]
        for entry, said in entries
        if entry.change == "person.changed" and "email" in said["before"]
    }
    people = {person.ref: person for person in Person.objects.filter(Q(email__in=emails) | Q(pk__in=renamed.values()))}
    now = {person.actor: person for person in people.values()}
    return now | {actor: people[ref] for actor, ref in renamed.items() if ref in people}


def _policy_matches(said: dict[str, Any], intent_type: str) -> bool:
    """By what it said before or says after; where only its place or its switch changed, by what it says now."""
    bodies = [state["body"] for state in (said["before"], said["after"]) if state and state.get("body")]
    if not bodies:
        newest = PolicyVersion.objects.filter(policy=said["id"]).order_by("-number").first()
        bodies = [newest.body] if newest else []
    return not bodies or any(Rule(said["name"], 0, body).is_for(intent_type) for body in bodies)


def _absent(said: dict[str, Any]) -> Person | None:
    row = Absence.objects.filter(pk=said["id"]).select_related("person").first()
    return row.person if row else None


def _schedule_of(said: dict[str, Any]) -> str:
    """The schedule that an override was made, changed or deleted for."""
    named = [str(state["schedule"]) for state in (said["before"], said["after"]) if state and "schedule" in state]
    if named:
        return named[-1]
    row = Override.objects.filter(pk=said["id"]).select_related("schedule").first()
    return str(row.schedule) if row else ""


def _only_channels(said: dict[str, Any]) -> bool:
    """By which channels somebody is told decides nothing."""
    return set(said["after"] or ()) == {"channels"}


def _switched_off(said: dict[str, Any]) -> bool:
    return bool((said["before"] or {}).get(SETTING)) and not (said["after"] or {}).get(SETTING, True)


def _sentence(person: Person, what: str, at: datetime) -> str:
    until = at + LATELY
    return (
        f"{person.name} changed {what} at {at:%H:%M} UTC on {at:%d %B} and may not decide on what was sent by "
        f"{until:%H:%M} UTC on {until:%d %B}."
    )
