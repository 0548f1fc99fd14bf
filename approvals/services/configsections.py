"""How each section of a configuration file is written, and which names in the rules lead to nobody afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from approvals.configfile.shape import body_of
from approvals.directory import canonical_name, member
from approvals.models import ApprovalSettings, Chain, Policy, PolicyVersion, Schedule, Team, Unmatched
from approvals.rules import RuleRefused
from approvals.schedulerules import check_body
from approvals.services import chains, policies, schedules
from approvals.services.bringing import Bringing
from approvals.services.configexport import document_of
from intents.models import Workspace

STEP = 10


def settings(bringing: Bringing, wanted: dict[str, Any]) -> None:
    """The workspace's fallback; what is not named stays."""
    if wanted.get("unmatched", Unmatched.GATE) not in Unmatched.values:
        bringing.refuse(("settings", "unmatched"), f"unmatched is one of {', '.join(Unmatched.values)}.")
        return
    ApprovalSettings.objects.update_or_create(workspace=bringing.workspace, defaults=wanted)


def teams(bringing: Bringing, wanted: dict[str, list[str]]) -> None:
    """Members by their e-mail addresses; nobody becomes a member by a file."""
    for name, emails in wanted.items():
        people = {email: member(bringing.workspace, email) for email in emails}
        for number, email in enumerate(emails):
            if people[email] is None:
                bringing.refuse(("teams", name, number), f"{email!r} is no member of {bringing.workspace}.")
        bringing.trying(("teams", name), partial(_team, bringing, name, people))
    Team.objects.filter(workspace=bringing.workspace).exclude(name__in=wanted).delete()


def _team(bringing: Bringing, name: str, people: Mapping[str, Any]) -> None:
    team = Team.objects.filter(workspace=bringing.workspace, name=name).first()
    if team is None:
        team = Team(workspace=bringing.workspace, name=name)
        team.full_clean()
        team.save()
    team.people.set([person for person in people.values() if person is not None])


def schedules_(bringing: Bringing, wanted: dict[str, dict[str, Any]]) -> None:
    """Each in a new version if it says something else."""
    now = document_of(bringing.workspace)["schedules"]
    for name, body in wanted.items():
        bringing.trying(("schedules", name), partial(_schedule, bringing, name, body, now.get(name)))
    Schedule.objects.filter(workspace=bringing.workspace).exclude(name__in=wanted).delete()


def _schedule(bringing: Bringing, name: str, body: dict[str, Any], now: Any) -> None:
    check_body(body)
    if schedules.with_known_people(bringing.workspace, body) != now:
        _check_name(Schedule(workspace=bringing.workspace, name=name))
        schedules.write_version(bringing.workspace, name, body, author=bringing.author)


def chains_(bringing: Bringing, wanted: dict[str, dict[str, Any]]) -> None:
    """The same. Whether the policies fit them is asked when these have been written too."""
    now = document_of(bringing.workspace)["chains"]
    for name, body in wanted.items():
        bringing.trying(("chains", name), partial(_chain, bringing, name, body, now.get(name)))
    Chain.objects.filter(workspace=bringing.workspace).exclude(name__in=wanted).delete()


def _chain(bringing: Bringing, name: str, body: dict[str, Any], now: Any) -> None:
    full = chains.in_full(bringing.workspace, body)
    if full != now:
        _check_name(Chain(workspace=bringing.workspace, name=name))
        chains.store(bringing.workspace, name, full, author=bringing.author)


def policies_(bringing: Bringing, wanted: list[dict[str, Any]]) -> None:
    """In the file's order. What the file leaves out is switched off and stays behind the others: history names it."""
    now = {entry["name"]: entry for entry in document_of(bringing.workspace)["policies"]}
    for number, entry in enumerate(wanted):
        write = partial(_policy, bringing, entry, (number + 1) * STEP, now.get(entry["name"]))
        bringing.trying(("policies", number), write)
    rest = Policy.objects.filter(workspace=bringing.workspace).exclude(name__in=[entry["name"] for entry in wanted])
    for number, policy in enumerate(rest.order_by("position", "name")):
        policy.is_active, policy.position = False, (len(wanted) + number + 1) * STEP
        policy.save()


def _policy(bringing: Bringing, entry: dict[str, Any], position: int, now: dict[str, Any] | None) -> None:
    workspace, name, active = bringing.workspace, entry["name"], entry.get("active", True)
    body = body_of(entry)
    if now is None or body != body_of(now):
        _check_name(Policy(workspace=workspace, name=name, position=position))
        policies.write_version(workspace, name, body, position=position, author=bringing.author)
    Policy.objects.filter(workspace=workspace, name=name).update(position=position, is_active=active)


def check_policies(bringing: Bringing) -> None:
    """All active policies against all that is there now: a smaller team may have made one impossible."""
    rows = PolicyVersion.objects.filter(policy__workspace=bringing.workspace, policy__is_active=True)
    for row in rows.select_related("policy"):
        if row.number == row.policy.version:
            try:
                policies.check_workspace(bringing.workspace, row.body)
            except RuleRefused as error:
                bringing.refuse(bringing.policy(row.policy.name), str(error))


def lost_approvers(workspace: Workspace) -> Iterator[str]:
    """A sentence for each name among the default approvers that leads to nobody."""
    row = ApprovalSettings.objects.filter(workspace=workspace).first()
    for name in row.default_approvers if row else []:
        if not canonical_name(workspace, name):
            yield f"{name} is neither a member, a team nor a schedule of {workspace}."


def _check_name(row: Policy | Schedule | Chain) -> None:
    row.clean_fields(exclude=["workspace"])


WRITERS: dict[str, Callable[[Bringing, Any], None]] = {
    "teams": teams,
    "schedules": schedules_,
    "chains": chains_,
    "policies": policies_,
    "settings": settings,
}
