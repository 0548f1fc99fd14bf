"""Mail that comes back: by the reports of a provider, really sent over HTTP and really signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from approvals.models import Person, Seat
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents.models import Event
from notifications.announce import announce_due
from notifications.bounces.stopping import lift, stop, stop_of
from notifications.deliver import deliver_due
from notifications.models import Delivery, StoppedAddress
from notifications.slack.senders import slack_due
from tests.acts import history
from tests.approvals.browsing import signed_in, text_of
from tests.changes import newest
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate
from tests.fakes.mailgun import SIGNING_KEY, Mailgun, report
from tests.notifications.slacking import installed, linked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon")]
NO_SUCH_BOX = {"severity": "permanent", "reason": "bounce", "delivery-status": {"message": "550 5.1.1 no such box"}}
FULL = {"severity": "permanent", "reason": "generic", "delivery-status": {"message": "452 4.2.2 mailbox full"}}


@pytest.fixture
def mailgun(settings: Any) -> Iterator[Mailgun]:
    """Mail goes out through it, and it reports back."""
    with Mailgun().running() as running:
        settings.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
        settings.MAIL_EVENTS = "mailgun"
        settings.ANYMAIL = {
            "MAILGUN_API_KEY": "key",
            "MAILGUN_API_URL": running.url,
            "MAILGUN_SENDER_DOMAIN": "mail.acme.example",
            "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY,
        }
        yield running


def asked(world: Any, *emails: str, **rule: Any) -> Any:
    """A gate about which these people were mailed."""
    people = [make_person(world.workspace, email) for email in emails]
    make_team(world.workspace, "asked", *people)
    make_policy(world.workspace, gates=[gate_rule("team:asked", **rule)])
    gate = open_gate(world)
    announce_due()
    deliver_due()
    return gate


def delivery_to(email: str) -> Delivery:
    return Delivery.objects.get(address=email)


def reports(event: str, email: str, **data: Any) -> Any:
    """Mailgun reports about the mail to this address."""
    body = report(event, delivery_to(email).reference, email, **data)
    return Client().post("/mail-events/mailgun", body, content_type="application/json")


def test_hard_bounce_moves_that_persons_step_on_at_once_and_they_may_still_decide(world, mailgun):
    make_team(world.workspace, "leads", world.ana)
    gate = asked(
        world, "dan@acme.example", lines=[{"who": ["team:asked", "team:leads"], "need": 1}], escalate_to=["team:leads"]
    )
    assert delivery_to("dan@acme.example").status == "sent"
    Seat.objects.filter(person=world.ana).update(unreachable=True)

    answer = reports("failed", "dan@acme.example", **NO_SUCH_BOX)

    assert answer.status_code == 200
    delivery = delivery_to("dan@acme.example")
    assert (delivery.status, delivery.why) == ("dead", "hard bounce: 550 5.1.1 no such box")
    assert history(gate.intent)[-2:] == ["person_unreachable", "escalated"]
    dan = Person.objects.get(email="dan@acme.example").pk
    assert Seat.objects.get(gate=gate, person_id=dan).unreachable
    verdict = decide(
        gate.pk, Answer("approved"), Seat.objects.get(person_id=dan).person, via="web", strength="signed_in"
    )
    assert verdict.recorded


def test_hard_bounce_stops_the_address_and_the_next_message_is_not_sent(world, mailgun):
    asked(world, "dan@acme.example", "eve@acme.example")
    reports("failed", "dan@acme.example", **NO_SUCH_BOX)
    sent = len(mailgun.taken)

    gate = open_gate(world)
    announce_due()
    deliver_due()

    assert len(mailgun.taken) == sent + 1
    second = Delivery.objects.get(address="dan@acme.example", gate_id=gate.pk)
    assert second.status == "dead"
    assert "Nothing is sent to this address until an admin lifts that" in second.why
    assert "person_unreachable" in history(gate.intent)


def test_whoever_gets_no_mail_any_more_is_told_so_in_slack_once(world, mailgun, slack, settings):
    asked(world, "dan@acme.example")
    installed(world.workspace, slack)
    linked(Person.objects.get(email="dan@acme.example"), slack, "UDAN")
    for event in ("failed", "complained"):
        reports(event, "dan@acme.example", **NO_SUCH_BOX)
    slack_due()

    told = [post.text for post in slack.to("UDAN") if post.text.startswith("No mail is sent to you any more")]
    assert len(told) == 1
    assert told[0].endswith(f"{settings.BASE_URL}/account")


def test_duplicate_bounce_events_act_once(world, mailgun):
    gate = asked(world, "dan@acme.example", "eve@acme.example")
    body = report("failed", delivery_to("dan@acme.example").reference, "dan@acme.example", **NO_SUCH_BOX)

    for _ in range(3):
        assert Client().post("/mail-events/mailgun", body, content_type="application/json").status_code == 200
    lift(StoppedAddress.objects.get(), "person:ana@acme.example")
    reports("failed", "dan@acme.example", **NO_SUCH_BOX)

    assert history(gate.intent).count("person_unreachable") == 1
    assert StoppedAddress.objects.count() == 1
    assert [entry["fate"] for entry in delivery_to("dan@acme.example").tries] == ["sent", "bounced"]


def test_soft_bounce_is_sent_again_and_nobody_counts_as_told_meanwhile(world, mailgun, time_machine):
    gate = asked(world, "dan@acme.example")
    first = delivery_to("dan@acme.example").reference
    assert Seat.objects.get(gate=gate).told_at is not None

    reports("failed", "dan@acme.example", **FULL)

    delivery = delivery_to("dan@acme.example")
    assert delivery.status == "queued"
    assert Seat.objects.get(gate=gate).told_at is None
    assert not StoppedAddress.objects.exists()
    time_machine.shift(11)
    deliver_due()
    delivery = delivery_to("dan@acme.example")
    assert (delivery.status, delivery.attempt) == ("sent", 2)
    assert delivery.reference != first
    assert Seat.objects.get(gate=gate).told_at is not None
    assert [entry["fate"] for entry in delivery.tries] == ["sent", "bounced", "sent"]


def test_soft_bounce_that_never_ends_makes_the_person_unreachable_and_stops_nothing(world, mailgun, time_machine):
    gate = asked(world, "dan@acme.example", "eve@acme.example", deadline=100_000)

    for _ in range(8):
        reports("failed", "dan@acme.example", **FULL)
        time_machine.shift(700)
        deliver_due()

    assert delivery_to("dan@acme.example").status == "dead"
    assert history(gate.intent).count("person_unreachable") == 1
    assert not StoppedAddress.objects.exists()


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("delivered", {}),
        ("opened", {}),
        ("failed", {"severity": "temporary", "delivery-status": {"message": "451 later"}}),
        ("nonsense", {}),
    ],
)
def test_report_that_is_no_bounce_changes_nothing(world, mailgun, event, data):
    asked(world, "dan@acme.example")

    assert reports(event, "dan@acme.example", **data).status_code == 200

    assert delivery_to("dan@acme.example").status == "sent"
    assert not StoppedAddress.objects.exists()


def test_complaint_stops_the_address_and_is_an_event_of_the_gate(world, mailgun):
    gate = asked(world, "dan@acme.example", "eve@acme.example")

    reports("complained", "dan@acme.example")

    assert stop_of("email", "Dan@acme.example") is not None
    assert "person_unreachable" in history(gate.intent)


@pytest.mark.parametrize("key", ["another key", ""])
def test_bounce_or_complaint_webhook_with_a_bad_signature_is_ignored(world, mailgun, key):
    asked(world, "dan@acme.example")
    events = Event.objects.count()
    for event in ("failed", "complained"):
        body = report(event, delivery_to("dan@acme.example").reference, "dan@acme.example", key=key, **NO_SUCH_BOX)

        answer = Client().post("/mail-events/mailgun", body, content_type="application/json")

        assert answer.status_code == 403
    assert delivery_to("dan@acme.example").status == "sent"
    assert not StoppedAddress.objects.exists()
    assert Event.objects.count() == events


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"signature": 1}', '{"signature": {"token": 1}}', "\x00", '"x"'])
def test_report_that_cannot_be_read_is_refused(world, mailgun, body):
    answer = Client().post("/mail-events/mailgun", body, content_type="application/json")

    assert answer.status_code in (400, 403)


def test_secret_of_a_provider_that_does_not_sign_is_asked_for(world, mailgun, settings):
    settings.MAIL_EVENTS = "postmark"
    settings.ANYMAIL = settings.ANYMAIL | {"WEBHOOK_SECRET": "countersign:a-long-random-password"}
    asked(world, "dan@acme.example", "eve@acme.example")
    body = {"RecordType": "Bounce", "Type": "HardBounce", "Email": "dan@acme.example", "ID": 1}
    body |= {"MessageID": delivery_to("dan@acme.example").reference, "BouncedAt": "2026-11-02T14:02:00Z"}

    refused = [
        Client(headers=headers).post("/mail-events/postmark", body, content_type="application/json").status_code
        for headers in ({}, {"authorization": "Basic Y291bnRlcnNpZ246d3Jvbmc="})
    ]
    assert refused == [403, 403]
    assert delivery_to("dan@acme.example").status == "sent"

    right = "Basic Y291bnRlcnNpZ246YS1sb25nLXJhbmRvbS1wYXNzd29yZA=="
    answer = Client(headers={"authorization": right}).post(
        "/mail-events/postmark", body, content_type="application/json"
    )
    assert answer.status_code == 200
    assert delivery_to("dan@acme.example").status == "dead"


@pytest.mark.parametrize(("on", "asked_at"), [("", "mailgun"), ("", ""), ("mailgun", "postmark"), ("mailgun", "x")])
def test_reports_are_taken_only_from_the_provider_that_was_switched_on(world, settings, on, asked_at):
    settings.MAIL_EVENTS = on

    assert Client().post(f"/mail-events/{asked_at}", {}, content_type="application/json").status_code == 404


def test_report_about_mail_that_is_none_of_ours_is_taken_and_changes_nothing(world, mailgun):
    asked(world, "dan@acme.example")

    body = report("failed", "<other@mail.acme.example>", "dan@acme.example", **NO_SUCH_BOX)

    assert Client().post("/mail-events/mailgun", body, content_type="application/json").status_code == 200
    assert not StoppedAddress.objects.exists()


def test_open_gates_wait_again_for_whom_a_lifted_stop_was(world, mailgun):
    gate = asked(world, "dan@acme.example", "eve@acme.example")
    reports("failed", "dan@acme.example", **NO_SUCH_BOX)
    seat = Seat.objects.get(gate=gate, person__email="dan@acme.example")
    assert seat.unreachable

    lift(StoppedAddress.objects.get(), "person:ana@acme.example")

    seat.refresh_from_db()
    assert (seat.unreachable, seat.told_at) == (False, None)


def test_admin_lifts_a_stop_and_the_record_says_so(world, mailgun):
    root = make_person(world.workspace, "root@acme.example", is_staff=True, is_superuser=True)
    stop("email", world.ana.email, "hard bounce: 550")
    browser = signed_in(root)
    assert world.ana.email in text_of(browser.get("/admin/notifications/stoppedaddress/"))

    chosen = {"action": "send_again", "_selected_action": [StoppedAddress.objects.get().pk]}
    browser.post("/admin/notifications/stoppedaddress/", chosen)

    assert stop_of("email", world.ana.email) is None
    assert newest(world.workspace)[:2] == ("stopped_address.lifted", "person:root@acme.example")
    stop("email", world.ana.email, "hard bounce: again")
    assert StoppedAddress.objects.count() == 2


def test_admin_who_may_only_look_lifts_nothing(world):
    looker = make_person(world.workspace, "look@acme.example", is_staff=True)
    stop("email", world.ana.email, "hard bounce: 550")

    signed_in(looker).post(
        "/admin/notifications/stoppedaddress/",
        {"action": "send_again", "_selected_action": [StoppedAddress.objects.get().pk]},
    )

    assert stop_of("email", world.ana.email) is not None
