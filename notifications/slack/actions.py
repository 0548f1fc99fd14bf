"""What a button does, packed into its `action_id` and `value`, and read again from a click. Pure.

A click proves nothing by itself: who clicked, and whether the gate is theirs to decide, is asked when it comes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from intents.ids import parse_id

DECIDE = "decide"
ACT = "act"
OPEN = "open"


@dataclass(frozen=True)
class Decide:
    """To answer a gate with this outcome. `digest` is of what the message shows."""

    gate_id: UUID
    outcome: str
    digest: str


@dataclass(frozen=True)
class Act:
    """To do something else on a gate: `claim`, `ask`, and so on."""

    gate_id: UUID
    name: str


def action_id(kind: str, number: int) -> str:
    """`decide:0`: unique within its block; the kind says who handles the click."""
    return f"{kind}:{number}"


def kind_of(action: str) -> str:
    """The kind of an action id."""
    return action.partition(":")[0]


def pack(decide: Decide) -> str:
    """The button's value."""
    return json.dumps({"gate": decide.gate_id.hex, "outcome": decide.outcome, "digest": decide.digest})


def unpack(value: str) -> Decide | None:
    """What a button's value says; None if it says nothing that we wrote."""
    try:
        said = json.loads(value)
        gate_id = parse_id(str(said["gate"]))
        return Decide(gate_id, str(said["outcome"]), str(said["digest"])) if gate_id else None
    except (ValueError, KeyError, TypeError):
        return None


def pack_act(act: Act) -> str:
    """The value of its line in the menu; Slack takes 150 characters."""
    return json.dumps({"gate": act.gate_id.hex, "act": act.name})


def unpack_act(value: str) -> Act | None:
    """What such a value says; None if it says nothing that we wrote."""
    try:
        said = json.loads(value)
        gate_id = parse_id(str(said["gate"]))
        return Act(gate_id, str(said["act"])) if gate_id else None
    except (ValueError, KeyError, TypeError):
        return None
