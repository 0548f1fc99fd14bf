"""The verdict must be able to fail: whatever is lost, doubled or untrue is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents.models import Event, Intent
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery
from tests.acts import ending, forge, fresh, gate_of, say
from tests.chaos.lives import Life
from tests.chaos.verdict import at_rest, faults
from tests.factories import gate_rule, make_policy, send
from tests.fakes.smtp import SmtpServer


@pytest.fixture
def life(world) -> Life:
    """One that went well."""
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world, to_agent="human")
    announce_due()
    say(gate_of(intent), world.ana)
    last = Event.objects.filter(intent=intent).latest("seq")
    seen = {"seq": last.seq, "status": fresh(intent).status, "details": ending(intent)}
    return Life(0, "decided", world, str(intent.pk), ["approve"], seen)


def named(life: Life, folder: Path, *, mails_may_repeat: bool = True) -> str:
    return "\n".join(faults([life], SmtpServer(folder), mails_may_repeat=mails_may_repeat))


def test_nothing_is_named_when_all_went_well(life, tmp_path):
    assert named(life, tmp_path) == ""


def test_an_answer_that_differs_from_the_record_is_named(life, tmp_path):
    life.answer["status"] = "CANCELED"

    assert "its program was told CANCELED" in named(life, tmp_path)


def test_a_tampered_history_is_named(life, tmp_path):
    forge(Event.objects.get(intent_id=life.intent_id, seq=2), actor="person:nobody")

    assert "event 2: its hash does not fit" in named(life, tmp_path)


def test_a_second_intent_is_named(life, world, tmp_path):
    send(world)

    assert "1 lives made 2 intents" in named(life, tmp_path)


def test_a_lost_decision_is_named(life, tmp_path):
    life.applied = ["reject"]

    assert "people were told that ['reject'] was recorded" in named(life, tmp_path)


def test_a_mail_that_never_arrived_is_named(life, tmp_path):
    Delivery.objects.update(status="sent", reference="<gone@x>")

    assert "settled as sent and never arrived" in named(life, tmp_path)


def test_a_mail_that_arrived_twice_is_named_when_nobody_was_killed(life, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.eml").write_text("Message-ID: <one@x>\n\nhello")

    assert "1 mails arrived twice" in named(life, tmp_path, mails_may_repeat=False)
    assert "arrived twice" not in named(life, tmp_path)


def test_it_is_not_at_rest_while_something_is_to_be_told(life):
    assert not at_rest()
    announce_due()
    deliver_due()
    Delivery.objects.exclude(status="sent").update(status="superseded")

    assert at_rest()
    assert Intent.objects.count() == 1
