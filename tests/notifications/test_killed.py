"""A worker process that is really killed between handing over a mail and settling it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import connection

from approvals.models import Seat
from intents import clock
from notifications.announce import announce_due
from notifications.claims import LEASE
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus
from tests.factories import gate_rule, make_person, make_policy, open_gate

WORKER = "import django; django.setup(); from notifications.deliver import deliver_due; deliver_due()"
PATIENCE = 20


def environment(port: int) -> dict[str, str]:
    """The worker shares this test's database, and its mail server."""
    name, user, host, at = (connection.settings_dict[key] for key in ("NAME", "USER", "HOST", "PORT"))
    password = connection.settings_dict["PASSWORD"]
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else f"postgresql://{user}:{password}@{host}:{at}/{name}"
    own = {"DATABASE_URL": url, "EMAIL_URL": f"smtp://127.0.0.1:{port}", "DJANGO_SETTINGS_MODULE": "config.settings"}
    return {**os.environ, **own}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_deliver_sends_again_and_settles_once_when_the_worker_is_killed_while_sending(world, smtp, time_machine):
    make_person(world.workspace, "hang-once@acme.example")
    make_policy(world.workspace, gates=[gate_rule("person:hang-once@acme.example")])
    gate = open_gate(world)
    announce_due()
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment(smtp.port))
    end = time.monotonic() + PATIENCE
    while not smtp.mails() and time.monotonic() < end:
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    assert Delivery.objects.get().status == DeliveryStatus.SENDING
    assert deliver_due() == 0

    time_machine.move_to(clock.now() + LEASE + timedelta(seconds=1))
    deliver_due()

    row = Delivery.objects.get()
    assert (row.status, row.attempt) == (DeliveryStatus.SENT, 2)
    assert len(smtp.mails()) == 2
    assert len({mail["Message-ID"] for mail in smtp.mails()}) == 1
    assert Seat.objects.get(gate=gate).told_at is not None
