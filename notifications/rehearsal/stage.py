"""Playing a script: from moment to moment, each as the tick of that moment would do it. Nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Min

from approvals.models import Absence
from approvals.services.policies import write_version
from approvals.sweeps import settle_absences
from intents import clock
from intents.errors import DomainError, NotFound
from intents.kinds.agent import give_result
from intents.lifecycle import StepStatus, is_final
from intents.models import Agent, ApiKey, Intent, ServiceAccount, Step, Workspace
from intents.principal import Principal
from intents.services.durable import undone
from intents.services.submit import submit
from intents.sweeps import NotDue, wake
from notifications.announce import announce_intent
from notifications.case import Case, read_case
from notifications.channels.base import Sent
from notifications.claims import settle
from notifications.claims import take as hold
from notifications.models import Delivery, DeliveryStatus
from notifications.rehearsal.acting import perform
from notifications.rehearsal.script import Act, AgentPart, Script
from notifications.rehearsal.timeline import Line, Played, lines_of_acts, played
from notifications.relevance import superseded_by
from notifications.settling import sent

MOST_MOMENTS = 400
LONGEST = timedelta(days=60)


Watch = Callable[[Case], None]


def nobody_watches(case: Case) -> None:
    """Whoever watches sees each message just before it would be sent."""


@dataclass
class Stage:
    """One play on its way: which acts are still to come, and what became of those that were done."""

    script: Script
    intent_id: UUID
    acts: list[Act]
    at: datetime
    done: list[Line] = field(default_factory=list)
    watch: Watch = nobody_watches


def rehearse(workspace: Workspace, script: Script, watch: Watch = nobody_watches) -> Played:
    """What would happen, told moment by moment. DomainError as a sender would get it; RuleRefused for a bad draft."""
    with undone(), clock.staged_at(script.at):
        for draft in script.drafts:
            write_version(workspace, draft.name, draft.body, position=draft.position, author=None)
        intent = submit(_sender(workspace, script.sender), script.submission)
        stage = Stage(script, intent.pk, sorted(script.acts, key=lambda act: act.after), script.at, watch=watch)
        _tell(stage)
        is_whole = _play(stage)
        return played(Intent.objects.get(pk=intent.pk), script.at, stage.done, is_whole=is_whole)


def _play(stage: Stage) -> bool:
    """True if it came to its end; False if it was broken off because it takes too long."""
    for _ in range(MOST_MOMENTS):
        moment = _next(stage)
        if moment is None:
            return True
        if moment - stage.script.at > LONGEST:
            return False
        stage.at = moment
        with clock.staged_at(moment):
            _happen(stage)
    return False


def _next(stage: Stage) -> datetime | None:
    """The next moment at which something is due, never before the one at hand."""
    intent = Intent.objects.get(pk=stage.intent_id)
    queued = Delivery.objects.filter(intent_id=stage.intent_id, status=DeliveryStatus.QUEUED)
    moments = [intent.wake_at, queued.aggregate(Min("not_before"))["not_before__min"]]
    if not is_final(intent.status):
        moments += [stage.script.at + act.after for act in stage.acts[:1]]
        moments += [_work_ends(stage), *_absences_turn(intent, stage.at)]
    known = [moment for moment in moments if moment is not None]
    return max(min(known), intent.last_at or stage.script.at) if known else None


def _absences_turn(intent: Intent, after: datetime) -> list[datetime]:
    """The next moments at which somebody leaves or comes back."""
    rows = Absence.objects.filter(workspace=intent.workspace_id, ended_at=None)
    begins = rows.filter(starts_at__gt=after).aggregate(Min("starts_at"))["starts_at__min"]
    ends = rows.filter(ends_at__gt=after).aggregate(Min("ends_at"))["ends_at__min"]
    return [moment for moment in (begins, ends) if moment is not None]


def _happen(stage: Stage) -> None:
    """Timers first, as the sweep of this moment, then people, then the agent; whoever is to be told is told at once."""
    _wake(stage)
    _settle(stage)
    now = clock.now()
    while stage.acts and stage.script.at + stage.acts[0].after <= now:
        _act(stage, stage.acts.pop(0))
        _settle(stage)
    ends = _work_ends(stage)
    if ends is not None and ends <= now:
        _work(stage)
        _settle(stage)


def _settle(stage: Stage) -> None:
    """What the next tick does: absences are heard of, and whoever is to be told is told."""
    settle_absences(only=Intent.objects.get(pk=stage.intent_id))
    _tell(stage)


def _wake(stage: Stage) -> None:
    try:
        wake(stage.intent_id)
    except (NotFound, NotDue):
        return
    _tell(stage)


def _act(stage: Stage, act: Act) -> None:
    """An act that is refused stands in the timeline with the reason, as the person would see it."""
    intent = Intent.objects.select_related("workspace").get(pk=stage.intent_id)
    try:
        with transaction.atomic():
            verdict = perform(intent, act)
        said, was_taken = verdict.message, verdict.status == 200
    except DomainError as error:
        said, was_taken = error.message, False
    stage.done += lines_of_acts(act, clock.now(), said, was_taken=was_taken)


def _offered(stage: Stage) -> Step | None:
    """The agent step that waits for its agent or is with it."""
    open_steps = Step.objects.filter(intent_id=stage.intent_id, kind="agent")
    return open_steps.filter(status__in=(StepStatus.READY, StepStatus.CURRENT)).first()


def _work_ends(stage: Stage) -> datetime | None:
    step, after = _offered(stage), stage.script.agents.after
    if step is None or after is None or step.started_at is None:
        return None
    return step.started_at + after


def _work(stage: Stage) -> None:
    """Its agent answers; an address without an agent never does. Handing out would hold the agent's row: left out."""
    step = _offered(stage)
    agent = Agent.objects.filter(address=step.agent_address, killed_at=None).first() if step else None
    if step is None or agent is None:
        stage.script = replace(stage.script, agents=AgentPart(after=None))
        return
    part = stage.script.agents
    body = {"action": "fail"} if part.fails else {"action": "complete", "result": part.result}
    give_result(step, agent.address, body)


def _tell(stage: Stage) -> None:
    """Fan out what has happened and send what is due, by channels that always succeed."""
    now = clock.now()
    announce_intent(stage.intent_id, now)
    for delivery in hold(Delivery.objects.filter(intent_id=stage.intent_id), 1000, now):
        case = read_case(delivery, now)
        unneeded = superseded_by(case)
        if unneeded:
            settle(delivery, DeliveryStatus.SUPERSEDED, why=unneeded)
        else:
            stage.watch(case)
            sent(delivery, Sent("rehearsal"), now, said_at=now)


def _sender(workspace: Workspace, name: str) -> Principal:
    """The account's newest key with the scope to send; else one that exists in this play alone."""
    keys = ApiKey.objects.filter(workspace=workspace, service_account__name=name, revoked_at=None, agent=None)
    keys = keys.select_related("workspace", "service_account", "agent")
    key = next((key for key in keys.order_by("-created_at") if "send" in key.scopes), None)
    return Principal(workspace.pk, key=key or _new_key(workspace, name))


def _new_key(workspace: Workspace, name: str) -> ApiKey:
    account, _ = ServiceAccount.objects.get_or_create(workspace=workspace, name=name)
    return ApiKey.objects.create(
        workspace=workspace,
        service_account=account,
        digest="rehearsal",
        hint="",
        scopes=["send"],
        owners=account.owners,
        expires_at=clock.now() + LONGEST,
    )
