"""What changed for many open gates at once: each hears of it in a transaction of its own, and once more a little later.

Once more, because a gate that was just opening may have been planned by what stood before and was not seen yet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from approvals.clockwork import reschedule
from approvals.models import Gate, Schedule
from approvals.services.seats import next_handover, on_call_by, reseat, rosters_of
from intents import clock
from intents.errors import Busy, NotFound
from intents.services.lock import Locked, locked_intent

log = logging.getLogger(__name__)
MOST = 50
LOOK_AGAIN = timedelta(seconds=15)

Act = Callable[[Locked, Gate], None]


def settle_schedules() -> int:
    """Let open gates hear of schedules that were changed. How many schedules there were."""
    due = list(Schedule.objects.filter(unsettled_since__isnull=False).order_by("unsettled_since")[:MOST])
    for schedule in due:
        began, since = clock.now(), schedule.unsettled_since
        gates = Gate.objects.filter(workspace=schedule.workspace_id, closed_at=None, on_call__has_key=str(schedule))
        done = on_each(gates, lambda gate: _is_stale(gate, clock.now()), _reseat)
        if done and since is not None and began - since >= LOOK_AGAIN:
            Schedule.objects.filter(pk=schedule.pk, unsettled_since=since).update(unsettled_since=None)
    return 0


def on_each(gates: QuerySet[Gate], wanted: Callable[[Gate], bool], act: Act) -> bool:
    """Do it to each of these gates that wants it and is still open. False if one of them has to wait."""
    done = True
    for gate in gates.select_related("terms", "workspace", "intent").iterator(chunk_size=200):
        if wanted(gate):
            done = _act_on(gate, act) and done
    return done


def _act_on(seen: Gate, act: Act) -> bool:
    try:
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
