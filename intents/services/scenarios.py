"""Applying a scenario: agents first, then the intent, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from intents.addresses import is_human, split
from intents.errors import Invalid
from intents.models import Agent, Intent, Workspace
from intents.ports import weigh
from intents.principal import Principal
from intents.selectors import full_address
from intents.services.configuration import record_differences, snapshot
from intents.services.durable import durable
from intents.services.fitting import Fit, fit_of
from intents.services.submit import submit
from intents.submission import Submission
from intents.wire.bundle import read_bundle, submission_of_bundle


@dataclass(frozen=True)
class Prepared:
    """A bundle understood, and all that can be found out about it before any lock is taken."""

    bundle: dict[str, Any]
    submission: Submission
    fit: Fit


def prepare(principal: Principal, bundle: dict[str, Any]) -> Prepared:
    """Forbidden for a key that may not send; Invalid for roles that stand for nothing."""
    workspace = principal.require("send").workspace
    submission = submission_of_bundle(bundle, addresses_of(bundle, workspace))
    weigh(submission, principal)
    return Prepared(bundle, submission, fit_of(principal, submission.intent_type, submission.payload))


def apply_bundle(principal: Principal, prepared: Prepared) -> tuple[Intent, list[dict[str, Any]]]:
    """Register missing agents, create the intent, and say which agents are new. Call inside `durable()`.

    Forbidden if an agent would have to be registered and the key may not `provision`.
    """
    workspace = principal.require("send").workspace
    agents = [_agent(principal, workspace, entry) for entry in prepared.bundle.get("agents", [])]
    intent = submit(principal, prepared.submission, prepared.fit)
    fresh = [agent["address"] for agent in agents if agent["created"]]
    if fresh:
        rows = Agent.objects.filter(workspace=workspace, address__in=fresh)
        record_differences(principal.actor, {}, snapshot(lambda: rows))
    return intent, agents


def check_bundle(principal: Principal, body: dict[str, Any]) -> list[str]:
    """The warnings that apply would give; whatever it would refuse is raised. Applied and rolled back: no trace."""
    prepared = prepare(principal, read_bundle(body))
    with durable():
        intent, _ = apply_bundle(principal, prepared)
        warnings = list(intent.texts.warnings)
        transaction.set_rollback(True)
    return warnings


def addresses_of(bundle: dict[str, Any], workspace: Workspace) -> dict[str, str]:
    """Role to full address. An agent without a role is known by the last part of its address."""
    found: dict[str, str] = {}
    for entry in bundle.get("agents", []):
        address = full_address(workspace, entry["address"])
        if is_human(address):
            raise Invalid(
                f"agents: {address} is the address of people; an agent cannot have it.", code="ambiguous_role"
            )
        role = entry.get("role") or split(address)[-1]
        if role in found:
            raise Invalid(f"agents: the role {role!r} stands twice.", code="ambiguous_role")
        found[role] = address
    return found


def _agent(principal: Principal, workspace: Workspace, entry: dict[str, Any]) -> dict[str, Any]:
    """An existing agent is never altered by a bundle. Two bundles at once may both want to be the first."""
    address, created = full_address(workspace, entry["address"]), False
    exists = Agent.objects.filter(workspace=workspace, address=address).exists()
    if not exists and entry["create_if_missing"]:
        principal.require("provision")
        fresh = {"name": split(address)[-1], "display_name": entry.get("display_name", "")}
        _, created = Agent.objects.get_or_create(workspace=workspace, address=address, defaults=fresh)
    return {"role": entry.get("role"), "address": address, "created": created}
