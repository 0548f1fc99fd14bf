"""What changed for many open gates at once: each hears of it in a transaction of its own, and once more a little later.

Once more, because a gate that was just opening may have been planned by what stood before and was not seen yet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet

from approvals.clockwork import escalate_now, reschedule, somebody_is_told
from approvals.models import Absence, Gate, Gone, Membership, Person, Schedule, Seat
from approvals.services.latecomers import keep_latecomers_out
from approvals.services.leavers import come_back, leave
from approvals.services.seats import next_handover, on_call_by, reseat, rosters_of
from approvals.services.standins import change_on, stand_in
from intents import clock
from intents.errors import Busy, NotFound
from intents.models import Intent
from intents.services.lock import Locked, locked_intent

log = logging.getLogger(__name__)
MOST = 50
LOOK_AGAIN = timedelta(seconds=15)

Act = Callable[[Locked, Gate], None]


def settle() -> int:
    """All of it, once. What is left over waits for the next tick."""
    settle_schedules()
    settle_absences()
    settle_memberships()
    return 0


def settle_schedules() -> None:
    """Let open gates hear of schedules that were changed."""
    due = list(Schedule.objects.filter(unsettled_since__isnull=False).order_by("unsettled_since")[:MOST])
    for schedule in due:
        began, since = clock.now(), schedule.unsettled_since
        gates = Gate.objects.filter(workspace=schedule.workspace_id, closed_at=None, on_call__has_key=str(schedule))
        done = on_each(gates, lambda gate: _is_stale(gate, clock.now()), _reseat)
        if done and since is not None and began - since >= LOOK_AGAIN:
            Schedule.objects.filter(pk=schedule.pk, unsettled_since=since).update(unsettled_since=None)


def on_each(gates: QuerySet[Gate], wanted: Callable[[Gate], bool], act: Act) -> bool:
    """Do it to each of these gates that wants it and is still open. False if one of them has to wait."""
    done = True
    for gate in gates.select_related("terms", "workspace", "intent__texts").iterator(chunk_size=200):
        done = _act_on(gate, wanted, act) and done
    return done


def _act_on(seen: Gate, wanted: Callable[[Gate], bool], act: Act) -> bool:
    try:
        if not wanted(seen):
            return True
        with locked_intent(seen.intent_id) as locked:
            gate = Gate.objects.select_related("ask", "terms").get(pk=seen.pk)
            gate.intent = locked.intent
            if gate.is_open:
                act(locked, gate)
    except (NotFound, Gate.DoesNotExist):  # archived meanwhile
        return True
    except Busy:  # the next tick comes
        return False
    except Exception:  # one bad row must not stop the others
        log.exception("a gate could not hear of a change", extra={"gate": str(seen.pk)})
        return False
    return True


def _is_stale(gate: Gate, now: datetime) -> bool:
    """True if somebody else is on call than the gate knows, or will be at another time."""
    rosters = rosters_of(gate, now)
    moment = next_handover(rosters, now, gate.intent.deadline_at)
    return (gate.on_call, gate.handover_at) != (on_call_by(rosters, now), moment)


def _reseat(locked: Locked, gate: Gate) -> None:
    reseat(locked, gate)
    step = locked.current
    if step is not None and step.pk == gate.step_id:
        reschedule(locked, step, gate)


def settle_absences(only: Intent | None = None) -> None:
    """Let open gates hear of absences that have begun or ended; `only`: those of this intent."""
    begun = Absence.objects.filter(closed_at=None, starts_at__lte=clock.now()).order_by("starts_at")
    begun = begun.filter(workspace=only.workspace_id) if only else begun
    for absence in begun.filter(_unheard(clock.now())).select_related("workspace")[:MOST]:
        _settle_absence(absence, clock.now(), only)


def _settle_absence(absence: Absence, now: datetime, only: Intent | None) -> None:
    """Whoever is away, and whoever stands in, each on the gates where they have a seat."""
    concerned = Q(seats__person=absence.person_id) | Q(seats__person=absence.delegate_id)
    gates = Gate.objects.filter(concerned, workspace=absence.workspace_id, closed_at=None).distinct()
    gates = gates.filter(intent=only) if only else gates
    done = on_each(gates, lambda gate: bool(change_on(gate, clock.now())), _stand_in)
    over = _end_of(absence)
    heard = max(absence.starts_at, absence.created_at, absence.accepted_at or absence.created_at)
    if done and now - heard >= LOOK_AGAIN:
        Absence.objects.filter(pk=absence.pk, applied_at=None).update(applied_at=now)
    if done and now - over >= LOOK_AGAIN:
        Absence.objects.filter(pk=absence.pk).update(closed_at=now)


def _stand_in(locked: Locked, gate: Gate) -> None:
    keep_latecomers_out(locked, gate.terms.body)
    stand_in(locked, gate)
    step = locked.current
    if step is not None and step.pk == gate.step_id and not somebody_is_told(gate):
        escalate_now(locked, step, gate)


def _unheard(now: datetime) -> Q:
    """Absences whose beginning or end the gates may not have heard of."""
    return Q(applied_at=None) | Q(ends_at__lte=now) | Q(ended_at__lte=now)


def _end_of(absence: Absence) -> datetime:
    return min(absence.ends_at, absence.ended_at or absence.ends_at)


def settle_memberships() -> None:
    """Let open gates hear of people who may not decide any more, or may again."""
    due = Membership.objects.filter(unsettled_since__isnull=False).order_by("unsettled_since")
    for row in due.select_related("person")[:MOST]:
        began, since, person = clock.now(), row.unsettled_since, row.person
        able = row.is_active and row.can_decide and person.is_active
        seats = Seat.objects.filter(person=person)
        seats = seats.filter(gone=Gone.LEFT) if able else seats.exclude(gone=Gone.LEFT)
        gates = Gate.objects.filter(pk__in=seats.values("gate"), workspace=row.workspace_id, closed_at=None)
        done = on_each(gates, lambda _gate: True, partial(_come_back if able else _leave, person))
        if done and since is not None and began - since >= LOOK_AGAIN:
            Membership.objects.filter(pk=row.pk, unsettled_since=since).update(unsettled_since=None)


def _come_back(person: Person, locked: Locked, gate: Gate) -> None:
    come_back(locked, gate, person)


def _leave(person: Person, locked: Locked, gate: Gate) -> None:
    leave(locked, gate, person)
