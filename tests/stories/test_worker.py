"""Worker and beat as processes of their own: with a Redis, without one, and when nothing gets on."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from config import watchdog
from config.celery import TICK_EXPIRES_SECONDS, TICKS, app
from intents.models import Outbox
from notifications.models import Delivery
from tests.factories import gate_rule, make_policy, send
from tests.live import LONGEST, LOOPBACK, PATIENCE, ROOT, celery, eventually, free_port

OUT_OF_REACH = "redis://127.0.0.1:1/0"


@pytest.mark.slow
@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_what_is_due_happens_when_a_worker_and_two_beats_run(world: SimpleNamespace, tmp_path: Path):
    if not settings.REDIS_URL:
        pytest.skip("REDIS_URL is not set: run `make test`, which starts a Redis")
    send(world)

    here = {"REDIS_URL": settings.REDIS_URL}
    with (
        celery(tmp_path, "worker", **here) as worker,
        celery(tmp_path, "beat", name="first", **here),
        celery(tmp_path, "beat", name="second", **here),
    ):
        eventually(lambda: not Outbox.objects.exists())
        worker.process.terminate()
        code = worker.process.wait(LONGEST)

    assert code == 0
    assert not list(ROOT.glob("celerybeat-schedule*"))


@pytest.mark.slow
@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_what_is_due_happens_when_redis_is_gone(world: SimpleNamespace, tmp_path: Path):
    send(world)

    with celery(tmp_path, "worker", REDIS_URL=OUT_OF_REACH):
        eventually(lambda: not Outbox.objects.exists())


@pytest.mark.slow
@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_worker_serves_its_own_counts_when_it_has_a_port(world: SimpleNamespace, tmp_path: Path):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    send(world)
    port = free_port()

    with celery(tmp_path, "worker", REDIS_URL=OUT_OF_REACH, METRICS_PORT=str(port)):
        eventually(lambda: Delivery.objects.filter(status="sent").exists())
        text = urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=5).read().decode()

    assert 'countersign_delivery_tries_total{channel="email",fate="sent"}' in text


def test_worker_ends_when_nothing_was_finished_for_a_minute():
    story = (
        "import django; django.setup()\n"
        "from config import watchdog\n"
        "from intents import ticks\n"
        "ticks._last -= watchdog.END_AFTER_SECONDS\n"
        "watchdog.end_when_stuck()\n"
    )
    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}

    done = subprocess.run([sys.executable, "-c", story], cwd=ROOT, env=variables, capture_output=True, timeout=PATIENCE)

    assert done.returncode == watchdog.EXIT_CODE
    assert b"this worker ends" in done.stderr


def test_ticks_carry_nothing_and_expire():
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] == name
        assert set(entry) == {"task", "schedule", "options"}
        assert entry["options"] == {"queue": name, "expires": TICK_EXPIRES_SECONDS}


def test_worker_serves_every_queue_when_it_is_told_none():
    assert [queue.name for queue in app.conf.task_queues] == list(TICKS)


def test_only_json_is_taken():
    assert app.conf.accept_content == ["json"]
    assert app.conf.result_backend is None


@pytest.mark.slow
@pytest.mark.live
def test_a_worker_leaves_when_the_settings_would_break_a_promise():
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker"]
    variables = os.environ | {"REDIS_URL": OUT_OF_REACH, "BASE_URL": "http://sign.acme.example"}

    ended = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert ended.returncode != 0
    assert "countersign.C006" in ended.stdout + ended.stderr
