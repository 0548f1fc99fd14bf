"""What saving a policy would bring about, said before it is saved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from approvals.directory import people_named
from approvals.linting.gates import places_of
from approvals.reach import deciders_ever
from approvals.savedchains import chains_named
from approvals.services.linting import lint_draft, with_draft
from approvals.services.replay import replay
from intents.models import Workspace

MANY = 25
DAYS = 7


@dataclass(frozen=True)
class Consequences:
    """`told`: how many people each request is told to; `posted`: where it is posted besides.

    `draft` is the body as JSON, for a dry run.
    `warnings`: what lint says of it. `replayed`: what it would have done to the intents of the last days, in words.
    """

    told: int
    posted: str
    example_type: str
    draft: str
    warnings: tuple[str, ...]
    replayed: str

    @property
    def is_crowd(self) -> bool:
        """True if so many are told that somebody should have meant it."""
        return self.told > MANY


def consequences_of(workspace: Workspace, name: str, body: dict[str, Any], position: int) -> Consequences:
    """For a body that has been checked, and its place in the list."""
    types = body["match"]["types"]
    return Consequences(
        told=told_by(workspace, body),
        posted=", ".join(posted_by(workspace, body)),
        example_type=types[0].replace("*", "example.v1"),
        draft=json.dumps(body, ensure_ascii=False),
        warnings=tuple(str(finding) for finding in lint_draft(workspace, name, body, position)),
        replayed=replay(workspace, with_draft(workspace, name, body, position), DAYS).words,
    )


def told_by(workspace: Workspace, body: dict[str, Any]) -> int:
    """The largest number of people that one of its gates tells, now or later."""
    return max((_told(workspace, gate) for gate in body.get("gates", [])), default=0)


def posted_by(workspace: Workspace, body: dict[str, Any]) -> list[str]:
    """The places that its gates post to, now or later."""
    gates = body.get("gates", [])
    chains = chains_named(workspace.pk, gates)
    return list(dict.fromkeys(place for gate in gates for place in places_of(gate, chains)))


def _told(workspace: Workspace, gate: dict[str, Any]) -> int:
    deciders = {person.pk for line in gate["requirement"] for person in deciders_ever(workspace, line["who"])}
    return len(deciders | {person.pk for person in people_named(workspace, gate.get("inform", []))})
