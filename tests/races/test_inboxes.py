"""Whoever ends an intent, its thread gets one end; and whoever reads an inbox as it grows misses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial
from types import SimpleNamespace

import pytest

from intents.lifecycle import FINAL
from intents.models import Inbox, Intent, Thread, ThreadEntry
from intents.sweeps import wake_due
from tests.acts import gate_of
from tests.factories import gate_rule, make_policy
from tests.intents.inboxes import HELPER, PLANNER, asked, with_agents
from tests.live import ROOT, environment, eventually
from tests.races.timing import let_expire
from tests.races.troupe import Command, Troupe, assert_sound

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 60


@pytest.fixture
def wanting(world: SimpleNamespace) -> SimpleNamespace:
    """One of the team decides; the planner gets the answers."""
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    return with_agents(world)


def post(path: str, body: dict, secret: str = "", token: str = "") -> Command:
    headers = {"HTTP_X_API_KEY": secret} if secret else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    return "post", {"path": path, "body": body, "headers": headers}


def withdrawing(world: SimpleNamespace, intent: Intent) -> Command:
    return post(f"/v1/intents/{intent.pk}/resolve", {"status": "CANCELED"}, world.sender_secret)


def approving(world: SimpleNamespace, intent: Intent) -> Command:
    return post(f"/v1/inbox/{intent.pk}/approve", {}, token=world.tokens["ana"])


def assert_told_once(intent: Intent) -> None:
    """One end in the timeline if the intent is over, else none; positions and places without gaps."""
    kinds = list(ThreadEntry.objects.filter(thread=intent.pk).order_by("position").values_list("kind", flat=True))
    assert kinds.count("ended") == (intent.status in FINAL)
    assert Thread.objects.get(pk=intent.pk).last_position == len(kinds)


def assert_places_have_no_gaps() -> None:
    for inbox in Inbox.objects.all():
        places = list(ThreadEntry.objects.filter(inbox=inbox).order_by("cursor").values_list("cursor", flat=True))
        assert places == list(range(1, inbox.cursor + 1))


def test_a_thread_gets_one_end_when_a_person_a_program_and_the_clock_meet(wanting, troupe: Troupe):
    world, statuses = wanting, set()
    intents = [asked(world) for _ in range(ROUNDS)]

    for number, intent in enumerate(intents):
        let_expire(gate_of(intent), (0.0, 0.02, 0.05, 1.0)[number % 4])
        said, withdrawn, _ = troupe.at_once(
            approving(world, intent), withdrawing(world, intent), ("sweep", {"seconds": 0.06})
        )
        wake_due()

        assert_sound(intent)
        assert {said[0], withdrawn[0]} <= {200, 409}, (said, withdrawn)
        assert intent.status in FINAL
        assert_told_once(intent)
        statuses.add(intent.status)
    assert_places_have_no_gaps()
    assert len(statuses) > 1, "always the same one won: this was no race"


def test_the_end_lies_where_the_thread_is_when_it_is_handed_on_in_the_same_instant(wanting, troupe: Troupe):
    world, owners = wanting, set()

    for intent in [asked(world) for _ in range(ROUNDS)]:
        path = f"/v1/inbox/{intent.pk}"
        answers = troupe.at_once(
            withdrawing(world, intent),
            post(f"{path}/delegate", {"delegate_to": "helper"}, world.planner_secret),
            post(f"{path}/reply", {"message": "from the planner"}, world.planner_secret),
            post(f"{path}/delegate", {"delegate_to": "planner"}, world.helper_secret),
        )

        assert {status for status, _ in answers} <= {200, 404}, answers
        assert_sound(intent)
        assert_told_once(intent)
        end = ThreadEntry.objects.select_related("inbox").get(thread=intent.pk, kind="ended")
        before = ThreadEntry.objects.filter(thread=intent.pk, position__lt=end.position).order_by("position").last()
        assert end.inbox_id == before.inbox_id
        owners.add(end.inbox.address)
    assert_places_have_no_gaps()
    assert owners <= {PLANNER, HELPER}


def test_nothing_is_missed_when_an_inbox_is_read_while_three_processes_fill_it(wanting, troupe: Troupe):
    world = wanting
    intents = [asked(world) for _ in range(90)]
    thirds = [[withdrawing(world, intent)[1] for intent in intents[at::3]] for at in range(3)]

    _, _, _, read = troupe.at_once(
        *(("posts", {"requests": third}) for third in thirds),
        ("follow_inbox", {"secret": world.planner_secret, "until": len(intents)}),
    )

    written = [str(pk) for pk in ThreadEntry.objects.order_by("cursor").values_list("pk", flat=True)]
    assert read == written
    assert len(written) == 2 * len(intents)


ENDER = """
import sys, django; django.setup()
from intents.models import ApiKey, Intent
from intents.principal import Principal
from intents.services.resume import resolve
key = ApiKey.objects.select_related("service_account").get(pk=sys.argv[1])
for intent in Intent.objects.filter(sender=key).order_by("pk"):
    if intent.status != "CANCELED":
        resolve(intent, None, Principal(key.workspace_id, key=key), {"status": "CANCELED"})
"""


def canceled_at_least(count: int) -> bool:
    return Intent.objects.filter(status="CANCELED").count() >= count


def test_no_end_is_lost_or_doubled_when_the_process_that_ends_intents_is_killed_again_and_again(wanting):
    world = wanting
    intents = [asked(world) for _ in range(120)]
    named = environment(DJANGO_SETTINGS_MODULE="config.settings")
    survived = 0

    for kill in range(1, 5):
        ender = subprocess.Popen([sys.executable, "-c", ENDER, str(world.sender.pk)], cwd=ROOT, env=named)
        eventually(partial(canceled_at_least, 10 * kill))
        time.sleep(0.003 * kill)
        ender.send_signal(signal.SIGKILL)
        ender.wait()
        for intent in intents:
            intent.refresh_from_db()
            assert_told_once(intent)
        survived = Intent.objects.filter(status="CANCELED").count()
    assert survived < len(intents), "it was done before it could be killed"
    assert subprocess.run([sys.executable, "-c", ENDER, str(world.sender.pk)], cwd=ROOT, env=named).returncode == 0

    for intent in intents:
        assert_sound(intent)
        assert_told_once(intent)
    assert ThreadEntry.objects.filter(kind="ended").count() == len(intents)
    assert_places_have_no_gaps()
