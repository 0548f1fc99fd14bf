"""What load balancers, alarms and Prometheus are told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from config import health
from intents.models import Intent, Outbox
from intents.sweeps import put_off, wake_due
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery
from tests.acts import frozen_clock
from tests.factories import gate_rule, make_policy, open_gate, send


@pytest.fixture
def clock(world):
    with frozen_clock() as traveller:
        yield traveller


def engine() -> tuple[int, dict]:
    answer = Client().get("/health/engine")
    return answer.status_code, answer.json()


def late(which: str) -> bool:
    return bool(engine()[1][which] > 60)


def test_ready_says_so_when_the_database_answers_and_is_migrated(db):
    health.check_migrated.cache_clear()

    assert Client().get("/health/ready").json() == {"ok": True}


@pytest.mark.django_db(transaction=True)
def test_ready_refuses_when_a_migration_is_missing():
    health.check_migrated.cache_clear()
    newest = MigrationLoader(connection).graph.leaf_nodes("notifications")[0]
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(*newest)
    try:
        answer = Client().get("/health/ready")
    finally:
        recorder.record_applied(*newest)

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "not_ready"
    assert "manage.py migrate" in answer.json()["error"]["message"]


def test_engine_is_well_when_nothing_is_due(world, clock):
    send(world)
    announce_due()
    deliver_due()

    status, found = engine()

    assert status == 200
    assert found["ok"] is True
    assert found["overdue_seconds"] == found["untold_seconds"] == found["unsent_seconds"] == 0


def test_engine_is_late_when_nobody_sweeps(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world)
    clock.shift((gate.expires_at - timezone.now()).total_seconds() + 61)

    status, found = engine()
    wake_due()

    assert (status, found["ok"]) == (503, False)
    assert found["overdue_seconds"] == 61
    assert not late("overdue_seconds")


def test_engine_stays_late_when_a_failing_row_backs_off(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world)
    gate.intent.steps.update(kind="from-the-future")
    clock.shift((gate.expires_at - timezone.now()).total_seconds() + 61)

    put_off(gate.intent_id)

    assert late("overdue_seconds")
    assert engine()[1]["cannot_be_woken"] == 1


def test_engine_is_late_when_nobody_announces_or_delivers(world, clock):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    open_gate(world)
    clock.shift(61)
    assert late("untold_seconds")

    announce_due()
    clock.shift(61)

    assert not late("untold_seconds")
    assert late("unsent_seconds")


def test_every_open_intent_would_be_late_when_the_clock_stood_still(world, clock):
    send(world)

    clock.shift(timedelta(days=31).total_seconds())

    assert late("overdue_seconds")
    assert Intent.objects.filter(wake_at__isnull=True).count() == 0


def test_metrics_count_what_was_committed_when_asked_from_this_machine(world, django_capture_on_commit_callbacks):
    before = value("countersign_events_total", 'type="intent.created"')
    with django_capture_on_commit_callbacks(execute=True):
        send(world)

    text = Client().get("/metrics").content.decode()

    assert value("countersign_events_total", 'type="intent.created"') == before + 1
    assert f"countersign_intents_open {Intent.objects.filter(wake_at__isnull=False).count()}.0" in text
    assert f"countersign_outbox {Outbox.objects.count()}.0" in text


def test_metrics_time_requests_by_route_when_the_api_is_asked(world, api):
    labels = 'method="GET",route="v1/intents/<str:handle>",status="200"'
    before = value("countersign_request_seconds_count", labels)

    api.get(f"/v1/intents/{send(world).pk}")

    assert value("countersign_request_seconds_count", labels) == before + 1


def value(name: str, labels: str) -> float:
    for line in Client().get("/metrics").content.decode().splitlines():
        if line.startswith(f"{name}{{{labels}}}"):
            return float(line.split()[-1])
    return 0.0


def test_metrics_name_the_queues_when_messages_wait(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    open_gate(world)
    announce_due()

    text = Client().get("/metrics").content.decode()

    assert f'countersign_queue{{channel="email"}} {Delivery.objects.count()}.0' in text


@pytest.mark.parametrize("header", [{"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.1"}])
def test_metrics_are_refused_when_asked_from_elsewhere_without_a_token(db, header):
    answer = Client().get("/metrics", **header)

    assert answer.status_code == 403
    assert "METRICS_TOKEN" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("given", "status"), [("", 403), ("Bearer wrong", 403), ("Bearer right-token", 200)])
def test_metrics_need_the_token_when_there_is_one(db, settings, given, status):
    settings.METRICS_TOKEN = "right-token"

    assert Client().get("/metrics", HTTP_AUTHORIZATION=given).status_code == status


def test_metrics_show_no_content_when_an_intent_waits(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world)

    text = Client().get("/metrics").content.decode() + Client().get("/health/engine").content.decode()

    assert str(gate.intent_id) not in text
    assert gate.title not in text
    assert "@" not in text
