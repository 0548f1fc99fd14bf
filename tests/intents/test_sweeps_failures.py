"""What happens to a row that cannot be woken: it backs off, alone, and never looks healthy meanwhile."""

import logging
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from approvals.models import Gate
from intents import clock as clocks
from intents.lifecycle import FINAL, Status
from intents.models import Intent
from intents.services.verify import chain_fits
from intents.sweeps import ALARM_AFTER, NotDue, put_off, wake, wake_due
from tests.acts import current_step, details, everybody_told, fast_forward, fresh, frozen_clock, history, outage, say
from tests.factories import gate_rule, make_policy, open_gate, send


@pytest.fixture
def clock(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60, "interval": 60, "max": 20})])
    with frozen_clock() as traveller:
        yield traveller


@pytest.fixture
def broken(world, clock, caplog) -> Gate:
    """A gate whose next reminder fails: its step is of a kind that this code does not know yet."""
    caplog.set_level(logging.CRITICAL)
    gate = open_gate(world)
    gate.intent.steps.update(kind="from-the-future")
    return gate


def due_since(intent: Intent):
    return fresh(intent).due_since


def test_failing_row_backs_off_and_keeps_due_since(broken, clock):
    outage(clock, 60)
    first = due_since(broken.intent)
    pauses = []
    for _ in range(8):
        pauses.append((fresh(broken.intent).wake_at - clocks.now()).total_seconds())
        clock.move_to(fresh(broken.intent).wake_at)
        wake_due()

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert due_since(broken.intent) == first == broken.opened_at + timedelta(seconds=60)


def test_failing_row_does_not_stop_the_others(broken, world, clock):
    other = open_gate(world)

    outage(clock, 60)

    assert "reminder" in history(other.intent)
    assert "reminder" not in history(broken.intent)


def test_failing_row_becomes_an_event_and_an_alarm_after_five_failures(broken, clock, caplog):
    caplog.set_level(logging.ERROR)
    for _ in range(ALARM_AFTER + 3):
        clock.move_to(fresh(broken.intent).wake_at)
        wake_due()

    assert history(broken.intent).count("alarm") == 1
    assert details(broken.intent, "alarm") == {"failures": ALARM_AFTER}
    assert sum("cannot be woken" in record.message for record in caplog.records) == 1
    assert chain_fits(fresh(broken.intent))
    assert fresh(broken.intent).due_since is not None


def test_failing_row_is_tried_at_its_gates_expiry_whatever_its_back_off(broken, clock):
    clock.shift(3595)
    wake_due()
    Intent.objects.update(failures=7, wake_at=clocks.now())

    wake_due()

    assert fresh(broken.intent).wake_at == broken.expires_at


def test_failing_row_is_tried_at_the_deadline_of_its_intent(broken, clock):
    clock.move_to(broken.intent.deadline_at - timedelta(seconds=10))
    Intent.objects.update(failures=7, wake_at=clocks.now())

    wake_due()

    assert fresh(broken.intent).wake_at == broken.intent.deadline_at


def test_mended_row_goes_on_as_if_nothing_had_been(broken, clock):
    outage(clock, 60)
    broken.intent.steps.update(kind="human")

    fast_forward(clock, 5)

    row = fresh(broken.intent)
    assert (row.due_since, row.failures, history(row)[-1]) == (None, 0, "reminder")


def test_person_may_decide_while_the_clock_fails(world, clock, caplog):
    caplog.set_level(logging.CRITICAL)
    gate = open_gate(world)
    Gate.objects.update(progress={"next_at": "never"})
    Intent.objects.update(wake_at=clocks.now())
    wake_due()
    assert fresh(gate.intent).failures == 1

    assert say(gate, world.ana).recorded
    assert fresh(gate.intent).wake_at is None


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.django_db(transaction=True)
def test_open_intent_wakes_and_a_final_one_never_does_also_by_the_database(world, status):
    intent = send(world)
    wrong = clocks.now() if status in FINAL else None

    with pytest.raises(IntegrityError, match="open_intent_wakes"), transaction.atomic():
        Intent.objects.filter(pk=intent.pk).update(status=status, wake_at=wrong)


def test_every_intent_that_is_not_final_has_a_moment(world, clock):
    gate = open_gate(world)
    work = send(world)
    for intent in (gate.intent, work):
        assert fresh(intent).wake_at is not None
    everybody_told(gate)
    say(gate, world.ana)
    fast_forward(clock, 40 * 86400)

    assert {row.wake_at for row in Intent.objects.all()} == {None}
    assert {row.status for row in Intent.objects.all()} <= set(FINAL)


def test_wake_is_for_what_is_due_and_nothing_else(world, clock):
    intent = send(world)
    before = fresh(intent)

    assert wake_due() == 0
    assert wake_due(before.wake_at) == 1
    assert current_step(intent).wake_at == before.wake_at
    assert history(intent) == ["created", "submitted"]


def test_worker_that_comes_late_leaves_a_put_off_intent_alone(world, clock):
    intent = open_gate(world).intent
    clock.shift(60)
    put_off(intent.pk)
    before = fresh(intent)

    with pytest.raises(NotDue):
        wake(intent.pk)

    after = fresh(intent)
    assert (after.failures, after.wake_at, after.due_since) == (before.failures, before.wake_at, before.due_since)
    assert after.failures == 1
