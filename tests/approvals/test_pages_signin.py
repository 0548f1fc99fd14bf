from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from approvals.models import Membership, SignInLink
from approvals.services.signin import new_link
from tests.approvals.browsing import signed_in, text_of
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client, email="ana@acme.example", password=PASSWORD, **more):
    return client.post("/sign-in", {"email": email, "password": password, **more})


def test_sign_in_takes_the_address_in_any_case_and_goes_to_the_inbox(world):
    client = Client()

    answer = sign_in(client, " Ana@ACME.example ")

    assert (answer.status_code, answer["Location"]) == (302, "/inbox")
    assert client.get("/inbox").status_code == 200


@pytest.mark.parametrize("path", ["/inbox", "/gates/018f0000-0000-7000-8000-000000000000?full=1"])
def test_pages_send_strangers_to_the_sign_in_and_back(world, path):
    client = Client()

    answer = client.get(path)

    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert text_of(page).count('name="next"') == 1
    assert sign_in(client, next=path)["Location"] == path


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "inbox", "///x.y"]
)
def test_next_leads_nowhere_else(world, wanted):
    assert sign_in(Client(), next=wanted)["Location"] == "/inbox"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ana@acme.example", "wrong"),
        ("nobody@acme.example", PASSWORD),
        ("", ""),
        ("a\0@acme.example", "x"),
        ("x" * 300, "x"),
        ("ana@acme.example", "x" * 2000),
    ],
)
def test_failure_is_the_same_sentence_for_all_faults(world, email, password):
    answer = sign_in(Client(), email, password)

    assert answer.status_code == 403
    assert "do not belong together" in text_of(answer)
    assert PASSWORD not in text_of(answer)


def test_sign_in_is_paused_after_five_failures_and_says_until_when(world):
    client = Client()
    for _ in range(4):
        assert sign_in(client, password="wrong").status_code == 403

    answers = [sign_in(client, password="wrong"), sign_in(client), sign_in(Client(REMOTE_ADDR="10.0.0.9"))]

    assert [answer.status_code for answer in answers] == [429] * 3
    assert "5 more minutes, until" in text_of(answers[0])
    assert sign_in(Client(), "bo@acme.example").status_code == 302


def test_pause_ends_by_itself(world):
    client = Client()
    for _ in range(5):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429

    with time_machine.travel(timedelta(minutes=6), tick=True):
        assert sign_in(client).status_code == 302


def test_signing_in_changes_the_session_id(world):
    client = Client()
    client.get("/sign-in")
    client.session["planted"] = True
    client.session.save()
    before = client.cookies["session"].value if "session" in client.cookies else ""

    sign_in(client)

    assert client.cookies["session"].value != before


def test_session_ends_with_the_account(world):
    client = signed_in(world.ana)
    world.ana.is_active = False
    world.ana.save()

    assert client.get("/inbox").status_code == 302


def test_session_ends_with_the_last_membership(world):
    client = signed_in(world.ana)
    Membership.objects.filter(person=world.ana).update(is_active=False)

    assert client.get("/inbox").status_code == 302
    assert sign_in(Client()).status_code == 403


def test_sign_out_needs_a_post_and_ends_the_session(world):
    client = signed_in(world.ana)

    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/inbox").status_code == 302


def test_forms_without_a_token_are_refused_in_words(world):
    client = Client(enforce_csrf_checks=True)

    answer = sign_in(client)

    assert answer.status_code == 403
    assert "Nothing was recorded" in text_of(answer)


def test_welcome_link_signs_in_once_and_only_by_its_button(world):
    token = new_link(world.ana)
    client = Client()

    for _ in range(3):
        assert "Sign me in" in text_of(client.get(f"/welcome/{token}"))
        assert client.head(f"/welcome/{token}").status_code == 200
    assert client.get("/inbox").status_code == 302
    answer = client.post(f"/welcome/{token}")

    assert answer["Location"] == "/inbox"
    assert client.get("/inbox").status_code == 200
    again = Client().post(f"/welcome/{token}")
    assert (again.status_code, "make up" in text_of(again)) == (410, True)


def test_welcome_link_runs_out(world):
    token = new_link(world.ana)
    SignInLink.objects.update(expires_at=world.workspace.created_at)

    for answer in (Client().get(f"/welcome/{token}"), Client().post(f"/welcome/{token}"), Client().get("/welcome/x")):
        assert answer.status_code == 410
        assert "make up" in text_of(answer)


@pytest.mark.parametrize(
    "options",
    [
        {"REMOTE_ADDR": "10.0.0.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
    ],
)
def test_welcome_link_is_refused_from_elsewhere_and_stays_unused(world, options):
    token = new_link(world.ana)

    for method in ("get", "post"):
        assert getattr(Client(**options), method)(f"/welcome/{token}").status_code == 403

    assert Client(REMOTE_ADDR="::1").post(f"/welcome/{token}").status_code == 302


def test_welcome_link_of_somebody_who_left_is_over(world):
    token = new_link(world.ana)
    world.ana.is_active = False
    world.ana.save()

    assert Client().post(f"/welcome/{token}").status_code == 410


def test_a_welcome_link_replaces_another_persons_session(world):
    client = signed_in(world.bo)
    client.post(f"/welcome/{new_link(world.ana)}")

    assert "Ana Ruiz" in text_of(client.get("/inbox"))


def test_pages_are_not_cached_and_carry_the_strict_policy(world):
    answer = signed_in(world.ana).get("/inbox")

    assert "no-store" in answer["Cache-Control"]
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
