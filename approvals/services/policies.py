"""Saving policies: checked as a whole, and every save is a version of its own."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from approvals.models import Person, Policy, PolicyVersion
from approvals.reach import most_at_once
from approvals.rules import Rule, RuleRefused, check_body
from approvals.services.chains import check_chain_of
from approvals.weighing import registered_types, why_open
from intents.models import Workspace
from intents.services.configuration import SERVER, recorded


def save_policy(
    workspace: Workspace,
    name: str,
    body: dict[str, Any],
    *,
    position: int,
    author: Person | None,
    actor: str = SERVER,
) -> Policy:
    """Make the policy or give it a new version. RuleRefused if nobody could ever meet it; then nothing is saved.

    The workspace's chain names the author, or `actor` if no person is it.
    """
    with recorded(author.actor if author else actor, lambda: Policy.objects.filter(workspace=workspace, name=name)):
        return write_version(workspace, name, body, position=position, author=author)


def write_version(
    workspace: Workspace, name: str, body: dict[str, Any], *, position: int, author: Person | None
) -> Policy:
    """The same for a caller that records it."""
    check_body(body)
    check_workspace(workspace, body)
    with transaction.atomic():
        policy, _ = Policy.objects.select_for_update().get_or_create(
            workspace=workspace, name=name, defaults={"position": position}
        )
        policy.version += 1
        policy.position = position
        policy.save()
        PolicyVersion.objects.create(policy=policy, number=policy.version, body=body, author=author)
    return policy


def check_workspace(workspace: Workspace, body: dict[str, Any]) -> None:
    """What depends on who and what there is in this workspace."""
    check_people(workspace, body)
    check_schemas(workspace, body)


def check_people(workspace: Workspace, body: dict[str, Any]) -> None:
    """Each line must be able to be met, and the chain tells people who may decide anyway."""
    for gate in body.get("gates", []):
        for line in gate["requirement"]:
            found = most_at_once(workspace, line["who"])
            if found < line["need"]:
                hint = "" if found else "; check the names"
                names = ", ".join(line["who"])
                raise RuleRefused(f"{line['need']} of {names} cannot agree: only {found} may decide{hint}.")
        check_chain_of(workspace, gate)


def check_schemas(workspace: Workspace, body: dict[str, Any]) -> None:
    """What lets pass by the payload must know what a payload may look like, or a strange shape would slip through."""
    rule = Rule("", 0, body)
    if rule.action != "approve" or rule.when is None or not rule.when.asks_the_request:
        return
    if not any(not why_open(workspace, name) for name in registered_types(workspace, rule)):
        types = body["match"]["types"]
        name = next(iter(registered_types(workspace, rule)), types[0])
        raise RuleRefused(
            f"match.when asks about the payload, and approve lets pass: {why_open(workspace, name)}. Register a closed "
            "schema of the type first, or ask about sender and target only."
        )
