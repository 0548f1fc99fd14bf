"""Where this app calls a higher one: step kinds, planners, keepers, sweeps, who is a member. Higher apps register."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from intents.errors import Invalid
from intents.lifecycle import Status, StepStatus

if TYPE_CHECKING:
    from intents.models import Intent, Step, Workspace
    from intents.principal import Principal
    from intents.services.lock import Locked
    from intents.submission import StepSpec, Submission


@dataclass(frozen=True)
class StepEnd:
    """How a step ended. Without `final` the intent goes on to its next step; with it, the intent ends there."""

    status: StepStatus
    actor: str
    final: Status | None = None
    reason: str = ""
    outcome: str = ""
    error: dict[str, Any] | None = None


class StepKind(Protocol):
    """What one kind of step does. All but `resume` run under the intent's lock and only write rows."""

    def start(self, locked: Locked, step: Step) -> StepEnd | None:
        """The step becomes current. A StepEnd if that was all."""

    def resume(self, step: Step, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
        """Somebody answers over the wire. Takes the lock itself; returns {"applied": bool, "reason"?: str, ...}."""

    def wake(self, locked: Locked, step: Step) -> StepEnd | None:
        """The step's `wake_at` has come. Must move `wake_at` on or end the step."""

    def cancel(self, locked: Locked, step: Step, reason: str) -> None:
        """The intent ends from outside while this step is current."""

    def report(self, step: Step) -> dict[str, Any]:
        """What this step adds to the terminal details: `gate`, `result`, `summary`, `comment`, ..."""


@dataclass
class Planned:
    """The plan after all planners: the steps in order and what else was found out on the way.

    `denied` ends the intent before any step. `excluded` are people (opaque ids) who may not decide on it; `kept_out`
    and `bound` say of some of them why, in a sentence: they changed the rules, or are tied to others by an absence.
    `failure_step` ({"source", "spec"}) is the gate that asks people about work that failed.
    """

    steps: list[StepSpec]
    denied: str = ""
    passed_by: str = ""
    failure_step: dict[str, Any] | None = None
    requester: str = ""
    excluded: list[str] = field(default_factory=list)
    kept_out: dict[str, str] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    secret: list[str] = field(default_factory=list)


class Keeper(Protocol):
    """What one app keeps about closed intents. All but `unsettled` run under the intent's lock."""

    def unsettled(self, intent_ids: Collection[UUID]) -> set[UUID]:
        """Those of them about which something is still under way here: neither archived nor purged yet."""

    def purge(self, intent: Intent, words: str) -> None:
        """Leave `words`, or nothing, in place of every text that somebody wrote."""

    def tidy(self, now: datetime, most: int) -> int:
        """Delete up to `most` rows that have run out and that no history needs; how many there were."""


FindPerson = Callable[["Workspace", str], str]
Planner = Callable[["Submission", "Workspace", "Principal", Planned], None]
Sweep = Callable[[], None]
Weigher = Callable[["Submission", "Principal"], None]

_kinds: dict[str, StepKind] = {}
_planners: list[Planner] = []
_weighers: list[Weigher] = []
_keepers: list[Keeper] = []
_find_person: list[FindPerson] = []
_sweeps: list[Sweep] = []


def register_kind(name: str, kind: StepKind) -> None:
    """Make `kind` the one that handles steps of this name."""
    _kinds[name] = kind


def kind_of(step: Step) -> StepKind:
    """The kind that handles this step. Old code that meets a new kind raises, and the row stays due."""
    return _kinds[step.kind]


def human_kind() -> StepKind:
    """The kind that people answer."""
    if "human" not in _kinds:
        raise Invalid("No app has registered the human step kind.", code="unsupported_step")
    return _kinds["human"]


def register_planner(planner: Planner) -> None:
    """Let `planner` add steps to each new intent's plan."""
    if planner not in _planners:
        _planners.append(planner)


def register_people(find: FindPerson) -> None:
    """Let `find` say which member (an opaque id, or "") an e-mail address or id stands for."""
    _find_person[:] = [find]


def person_id(workspace: Workspace, name: str) -> str:
    """The active member of this e-mail address or id, as an opaque id; "" if there is none."""
    return next((find(workspace, name) for find in _find_person), "")


def register_weigher(weigher: Weigher) -> None:
    """Let `weigher` find out what may take long about a request before any lock is taken."""
    if weigher not in _weighers:
        _weighers.append(weigher)


def weigh(submission: Submission, principal: Principal) -> None:
    """Let each weigher leave in `submission.weighed` what its planner will ask for. Call outside any transaction."""
    for weigher in _weighers if principal.key is not None else []:
        weigher(submission, principal)


def run_planners(submission: Submission, workspace: Workspace, principal: Principal, planned: Planned) -> None:
    """Let each planner change `planned`, in the order of registration."""
    for planner in _planners:
        planner(submission, workspace, principal, planned)


def register_keeper(keeper: Keeper) -> None:
    """Let `keeper` say what it keeps about intents."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def keepers() -> tuple[Keeper, ...]:
    """All of them, in the order of registration."""
    return tuple(_keepers)


def register_sweep(sweep: Sweep) -> None:
    """Let each tick of the clock call `sweep`, after what is due has happened."""
    if sweep not in _sweeps:
        _sweeps.append(sweep)


def sweeps() -> tuple[Sweep, ...]:
    """All of them, in the order of registration."""
    return tuple(_sweeps)
