"""What must be true of the rows once everything has come to rest, whatever was done to the processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from approvals.models import Decision, Gate
from intents.lifecycle import FINAL, TERMINAL_EVENT
from intents.models import Event, Intent, Outbox, StepResult
from intents.services.verify import first_misfit
from notifications.models import Delivery, DeliveryStatus
from tests.chaos.lives import AGENT_KINDS, Life
from tests.fakes.smtp import SmtpServer

DECISIONS = {"approved": "approve", "rejected": "reject"}
FINAL_OUTCOMES = {
    "decided": ("approved",),
    "raced": ("approved", "rejected"),
    "worked": ("approved",),
    "silent": ("expired",),
    "passed": ("completed",),
}


def at_rest() -> bool:
    """Nothing is left to be told, sent or done."""
    open_deliveries = Delivery.objects.filter(status__in=(DeliveryStatus.QUEUED, DeliveryStatus.SENDING))
    return not (
        Outbox.objects.exists() or open_deliveries.exists() or Intent.objects.exclude(status__in=FINAL).exists()
    )


def faults(lives: list[Life], smtp: SmtpServer, *, mails_may_repeat: bool) -> Iterator[str]:
    """One sentence for each thing that was lost, doubled or untrue."""
    intents = {str(intent.pk): intent for intent in Intent.objects.all()}
    if len(intents) != len(lives):
        yield f"{len(lives)} lives made {len(intents)} intents"
    for life in lives:
        if life.fault:
            yield f"life {life.number} ({life.kind}, {life.intent_id}): {life.fault}; {_history(life.intent_id)}"
        elif life.intent_id not in intents:
            yield f"life {life.number}: its intent is gone"
        else:
            yield from (f"life {life.number} ({life.kind}, {life.intent_id}): {why}" for why in _of(life, intents))
    yield from _of_mails(smtp, mails_may_repeat=mails_may_repeat)


def _history(intent_id: str) -> str:
    if not intent_id:
        return "it never became an intent"
    events = Event.objects.filter(intent_id=intent_id).order_by("seq").values_list("seq", "event_type", "at")
    return "its history: " + ", ".join(f"{seq} {name} {at:%H:%M:%S}" for seq, name, at in events)


def _of(life: Life, intents: dict[str, Intent]) -> Iterator[str]:
    intent = intents[life.intent_id]
    events = list(Event.objects.filter(intent=intent).order_by("seq"))
    if misfit := first_misfit(intent):
        yield f"event {misfit.seq}: {misfit.why}"
    if sum(event.event_type in TERMINAL_EVENT.values() for event in events) != 1:
        yield "it does not have exactly one end"
    answer = life.answer or {}
    if (answer.get("seq"), answer.get("status")) != (events[-1].seq, intent.status):
        yield f"its program was told {answer.get('status')}, the record says {intent.status}"
    if answer.get("details", {}).get("outcome") not in FINAL_OUTCOMES[life.kind]:
        yield f"its outcome was {answer.get('details', {}).get('outcome')}"
    if life.kind in AGENT_KINDS and StepResult.objects.filter(step__intent=intent).count() != 1:
        yield "its work has not exactly one result"
    yield from _of_gate(life, intent, events)


def _of_gate(life: Life, intent: Intent, events: list[Event]) -> Iterator[str]:
    closings = [event for event in events if event.event_type == "intent.gate_closed"]
    gates = list(Gate.objects.filter(intent=intent))
    if len(closings) != len(gates) or any(gate.is_open for gate in gates):
        yield f"{len(gates)} gates were closed {len(closings)} times"
    decisions = list(Decision.objects.filter(gate__intent=intent).values_list("outcome", flat=True))
    if len(decisions) != (0 if life.kind in ("silent", "passed") else 1):
        yield f"{decisions} are recorded"
    if not set(life.applied) <= {DECISIONS[outcome] for outcome in decisions} or len(life.applied) > 1:
        yield f"people were told that {life.applied} was recorded; it was {decisions}"
    if life.kind == "silent" and gates and (gates[0].closed_at or gates[0].opened_at) < gates[0].expires_at:
        yield "it expired early"


def _of_mails(smtp: SmtpServer, *, mails_may_repeat: bool) -> Iterator[str]:
    arrived = Counter(mail["Message-ID"] for mail in smtp.mails())
    sent = set(Delivery.objects.filter(status=DeliveryStatus.SENT).values_list("reference", flat=True))
    if lost := sent - set(arrived):
        yield f"{len(lost)} mails are settled as sent and never arrived"
    again = sum(arrived.values()) - len(arrived)
    if again and not mails_may_repeat:
        yield f"{again} mails arrived twice, though nobody was killed"
