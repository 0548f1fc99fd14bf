"""Saving escalation chains: checked as a whole, and every save is a version of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from approvals.chains.checking import check_chain
from approvals.directory import canonical_name
from approvals.models import Chain, ChainVersion, Person, PolicyVersion
from approvals.reach import deciders_ever
from approvals.rules import RuleRefused
from approvals.savedchains import chains_named
from intents.models import Workspace
from intents.services.configuration import SERVER, recorded


def save_chain(
    workspace: Workspace, name: str, body: dict[str, Any], *, author: Person | None, actor: str = SERVER
) -> Chain:
    """Make the chain or give it a new version. RuleRefused if it is wrong, or a policy could not name it any more.

    Then nothing is saved. Gates and plans that there are keep what they had.
    """
    rows = Chain.objects.filter(workspace=workspace, name=name)
    with recorded(author.actor if author else actor, rows.all):
        return write_version(workspace, name, body, author=author)


def write_version(workspace: Workspace, name: str, body: dict[str, Any], *, author: Person | None) -> Chain:
    """The same for a caller that records it."""
    return store(workspace, name, checked(workspace, name, body), author=author)


def store(workspace: Workspace, name: str, body: dict[str, Any], *, author: Person | None) -> Chain:
    """The same for a body that was checked, and a caller that looks at the policies that name it."""
    with transaction.atomic():
        chain, _ = Chain.objects.select_for_update().get_or_create(workspace=workspace, name=name)
        chain.version += 1
        chain.save()
        ChainVersion.objects.create(chain=chain, number=chain.version, body=body, author=author)
    return chain


def checked(workspace: Workspace, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with its names as requirements write them. RuleRefused if it cannot be saved like this."""
    body = in_full(workspace, body)
    for version in policies_naming(workspace, name):
        for gate in version.body.get("gates", []):
            if gate.get("chain") == name:
                _check_inside(workspace, gate, body, f"The policy {version.policy.name} names this chain: ")
    return body


def in_full(workspace: Workspace, body: dict[str, Any]) -> dict[str, Any]:
    """The body with its names as requirements write them. RuleRefused for a wrong shape, or a name of nobody."""
    check_chain(body)
    body = body | {"steps": [_with_known(workspace, step, "who") for step in body["steps"]]}
    return _with_known(workspace, body, "last_resort")


def check_chain_of(workspace: Workspace, gate: Mapping[str, Any]) -> None:
    """A policy's gate: its chain is there, and tells nobody who may not decide. RuleRefused otherwise."""
    chain = gate.get("chain")
    if isinstance(chain, str):
        saved = chains_named(workspace.pk, [gate])
        if chain not in saved:
            raise RuleRefused(f"There is no chain {chain!r} in {workspace}: save it first, or write the chain here.")
        chain = saved[chain][1]
    _check_inside(workspace, gate, chain or {"steps": [{"who": gate.get("escalate_to", [])}]}, "")


def policies_naming(workspace: Workspace, name: str) -> list[PolicyVersion]:
    """The newest versions of policies, switched on or off, that have a gate with this chain."""
    rows = PolicyVersion.objects.filter(policy__workspace=workspace, number=F("policy__version"))
    rows = rows.select_related("policy").order_by("policy__position")
    return [row for row in rows if any(gate.get("chain") == name for gate in row.body.get("gates", []))]


def _check_inside(workspace: Workspace, gate: Mapping[str, Any], chain: Mapping[str, Any], why: str) -> None:
    """The requirement says who decides; a chain only orders who is told when."""
    everybody = {person.pk for line in gate["requirement"] for person in deciders_ever(workspace, line["who"])}
    for name in _names(chain):
        outside = [
            person for person in deciders_ever(workspace, [_known(workspace, name)]) if person.pk not in everybody
        ]
        if outside:
            raise RuleRefused(
                f"{why}{name} would tell {outside[0].email}, who may not decide: add them to the requirement."
            )


def _names(chain: Mapping[str, Any]) -> Iterable[str]:
    named = [name for step in chain["steps"] for name in step.get("who", [])]
    return dict.fromkeys([*named, *chain.get("last_resort", [])])


def _with_known(workspace: Workspace, part: dict[str, Any], key: str) -> dict[str, Any]:
    """The part with these names in full."""
    return part | {key: [_known(workspace, name) for name in part[key]]} if key in part else part


def _known(workspace: Workspace, name: str) -> str:
    """There may be nobody behind a name today; a name that stands for nothing is a typing error."""
    known = canonical_name(workspace, name)
    if not known:
        raise RuleRefused(f"{name!r} is neither a member, a team nor a schedule of {workspace}.")
    return known
