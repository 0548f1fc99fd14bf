"""A person's own page: whether mail reaches them, an example of it, and the links in their mails."""

from __future__ import annotations

import pytest
from django.test import Client

from intents import clock
from notifications.bounces.stopping import stop
from notifications.maillinks.links import decide_url
from notifications.models import Delivery, KeptMail
from tests.approvals.browsing import signed_in, text_of
from tests.factories import open_gate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon")]
PATHS = ["/account", "/account/void-links", "/account/example"]


@pytest.mark.parametrize("path", PATHS)
def test_account_needs_a_sign_in(world, path):
    answer = Client().get(path, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/sign-in")


def test_example_goes_to_oneself_by_the_templates_of_a_request_and_holds_nothing_to_decide(world, kept):
    page = signed_in(world.ana).post("/account/example", follow=True)

    assert "Email: sent" in text_of(page)
    mail = KeptMail.objects.get()
    assert mail.to == world.ana.email
    assert mail.subject.startswith("Example, nothing to decide: Approve?")
    assert "/by-mail" not in mail.html
    assert "/gates/" not in mail.html
    assert "Who must agree" not in mail.html
    assert "prod-postgres-main" in mail.html
    assert not Delivery.objects.exists()


def test_example_really_arrives_and_a_second_one_has_to_wait(world, smtp, time_machine):
    browser = signed_in(world.ana)

    browser.post("/account/example")
    second = browser.post("/account/example", follow=True)

    assert "Wait a moment" in text_of(second)
    assert len(smtp.mails(world.ana.email)) == 1
    time_machine.shift(21)
    browser.post("/account/example")
    assert len(smtp.mails(world.ana.email)) == 2


@pytest.mark.parametrize(
    ("address", "words"), [("550@acme.example", "no such person here"), ("451@acme.example", "try again later")]
)
def test_example_says_what_is_wrong_when_it_cannot_be_sent(world, smtp, address, words):
    world.ana.email = address
    world.ana.save()

    page = signed_in(world.ana).post("/account/example", follow=True)

    assert words in text_of(page)


def test_account_says_that_mail_is_stopped_and_why(world, kept):
    stop("email", world.ana.email, "hard bounce: 550 no such box")
    browser = signed_in(world.ana)

    page = text_of(browser.get("/account"))

    assert "Nothing is sent to" in page
    assert "550 no such box" in page
    assert "until an admin lifts that" in text_of(browser.post("/account/example", follow=True))
    assert not KeptMail.objects.exists()
    assert "Nothing is sent to" not in text_of(signed_in(world.bo).get("/account"))


def test_inbox_says_that_mail_is_stopped(world):
    stop("email", world.ana.email, "hard bounce: 550 no such box")

    assert "no mail reaches you" in text_of(signed_in(world.ana).get("/inbox"))
    assert "no mail reaches you" not in text_of(signed_in(world.bo).get("/inbox"))


def test_links_of_earlier_mails_are_void_when_their_owner_says_so(world):
    gate = open_gate(world)
    path = decide_url(world.ana, gate, clock.now()).removeprefix("http://127.0.0.1:8000")
    others = decide_url(world.bo, gate, clock.now()).removeprefix("http://127.0.0.1:8000")

    signed_in(world.ana).post("/account/void-links")

    assert Client().get(path, follow=True).status_code == 410
    assert Client().get(others, follow=True).status_code == 200
    new = decide_url(world.ana, gate, clock.now()).removeprefix("http://127.0.0.1:8000")
    assert Client().get(new, follow=True).status_code == 200


@pytest.mark.parametrize("path", PATHS[1:])
def test_opening_the_address_of_an_act_changes_nothing(world, kept, path):
    signed_in(world.ana).get(path)

    assert not KeptMail.objects.exists()
