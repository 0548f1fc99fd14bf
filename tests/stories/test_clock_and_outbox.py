"""Two beats and three workers on one set of rows: everything that is due happens once, and everybody is told once."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from django.conf import settings

from approvals.models import Gate
from intents import clock
from intents.models import Event
from notifications.models import Delivery, DeliveryStatus, KeptMail
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate
from tests.fakes.smtp import SmtpServer
from tests.live import celery, eventually, needs_redis, own_redis, serving
from tests.races.timing import let_expire, make_due
from tests.races.troupe import assert_sound

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    needs_redis,
]

GATES = 12
WORKERS = ("one", "two", "three")


def sent(purpose: str) -> int:
    return Delivery.objects.filter(purpose=purpose, status=DeliveryStatus.SENT).count()


def per_intent(event_type: str) -> Counter[object]:
    return Counter(Event.objects.filter(event_type=event_type).values_list("intent_id", flat=True))


def test_each_reminder_escalation_and_expiry_comes_once_and_each_person_is_told_once(
    world: SimpleNamespace, tmp_path: Path
):
    remind = {"after": 3600, "interval": 3600, "max": 1}
    rule = gate_rule("team:sre", remind=remind, escalate_to=["person:cy@acme.example"])
    make_policy(world.workspace, gates=[rule])
    gates = [open_gate(world) for _ in range(GATES)]
    once = Counter({gate.intent_id: 1 for gate in gates})
    there = {"REDIS_URL": own_redis(), "MESSAGES_PER_HOUR": "1000"}

    with ExitStack() as stack:
        for name in WORKERS:
            stack.enter_context(celery(tmp_path, "worker", name=name, **there))
        for name in ("first-beat", "second-beat"):
            stack.enter_context(celery(tmp_path, "beat", name=name, **there))
        eventually(lambda: sent("request") == 3 * GATES)
        make_due(gates)
        eventually(lambda: sent("reminder") == 3 * GATES)
        make_due(gates)
        eventually(lambda: sent("escalation") == GATES)
        for gate in gates:
            let_expire(gate, 0)
        eventually(lambda: Gate.objects.filter(reason="timeout").count() == GATES)
        eventually(lambda: per_intent("intent.timed_out") == once)
        eventually(lambda: sent("closed") == 3 * GATES)

    assert per_intent("intent.reminder") == per_intent("intent.escalated") == per_intent("intent.gate_closed") == once
    for gate in gates:
        assert_sound(gate.intent)
    assert not Delivery.objects.filter(attempt__gt=1).exists()
    assert KeptMail.objects.count() == Delivery.objects.filter(status=DeliveryStatus.SENT).count()


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="SQLite has no clock but the machine's own"
)
@pytest.mark.parametrize("hours", [2, -2])
def test_a_decision_counts_by_the_databases_time_when_a_servers_clock_is_wrong(world, tmp_path, hours):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate, over = open_gate(world), open_gate(world)
    let_expire(over, 0)
    wrong = ("-m", "tests.programs.wrong_clock", str(hours * 3600))

    with serving(tmp_path, program=wrong, REDIS_URL="") as live:
        answers = [
            httpx.post(
                f"{live.url}/v1/approvals/{each.pk}/decision",
                json={"decision": "approve"},
                headers={"Authorization": f"Bearer {world.tokens['ana']}"},
            )
            for each in (gate, over)
        ]

    assert [answer.status_code for answer in answers] == [200, 409], answers[1].text
    decided_at = datetime.fromisoformat(answers[0].json()["approval"]["decided_at"])
    assert abs(decided_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_mail_is_sent_again_and_settled_once_when_its_worker_is_killed_while_sending(
    world: SimpleNamespace, tmp_path: Path
):
    slow = make_person(world.workspace, "hang-once@acme.example", "Slow Mailbox")
    make_team(world.workspace, "slow", slow)
    make_policy(world.workspace, gates=[gate_rule("team:slow")])
    gate = open_gate(world)
    redis_url = own_redis()

    with SmtpServer(tmp_path) as smtp:
        there = {"REDIS_URL": redis_url, "EMAIL_URL": f"smtp://{smtp.host}:{smtp.port}"}
        with celery(tmp_path, "beat", **there):
            with celery(tmp_path, "worker", name="first", **there) as worker:
                eventually(lambda: smtp.mails("hang-once@acme.example"))
                worker.kill()
            held = Delivery.objects.get()
            Delivery.objects.update(not_before=clock.now() - timedelta(seconds=1))  # its lease has ended
            with celery(tmp_path, "worker", name="second", **there):
                eventually(lambda: Delivery.objects.get().status == DeliveryStatus.SENT)
        mails = smtp.mails("hang-once@acme.example")

    settled = Delivery.objects.get()
    assert (held.status, held.attempt) == (DeliveryStatus.SENDING, 1)
    assert (settled.status, settled.attempt) == (DeliveryStatus.SENT, 2)
    assert len(mails) == 2, "at least once"
    assert len({mail["Message-ID"] for mail in mails}) == 1, "a mailbox that keeps no doubles shows it once"
    assert_sound(gate.intent)
    assert Event.objects.filter(intent=gate.intent, event_type="intent.person_unreachable").count() == 0
