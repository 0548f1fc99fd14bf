from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client

from notifications.models import KeptMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(world, kept) -> Client:
    client = Client()
    client.force_login(world.ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


def keep(to: str, subject: str = "Approve? X", html: str = "<p>hello</p>") -> KeptMail:
    mail = EmailMultiAlternatives(subject, "hello", to=[to], headers={"X-Countersign-Gate": ""})
    mail.attach_alternative(html, "text/html")
    mail.send()
    return KeptMail.objects.latest("pk")


def test_backend_keeps_one_mail_per_recipient(world, kept):
    send_mail("s", "t", None, ["Ana@acme.example", "bo@acme.example"])

    assert list(KeptMail.objects.order_by("pk").values_list("to", "subject", "text", "html")) == [
        ("ana@acme.example", "s", "t", ""),
        ("bo@acme.example", "s", "t", ""),
    ]


def test_mail_page_shows_ones_own_mail_only(ana):
    mine, others = keep("ana@acme.example", "for Ana"), keep("bo@acme.example", "for Bo")

    page = ana.get("/mail").content.decode()

    assert "for Ana" in page
    assert "for Bo" not in page
    for path in ("/mail/{}", "/mail/{}/html"):
        assert ana.get(path.format(mine.pk)).status_code == 200
        assert ana.get(path.format(others.pk)).status_code == 404


@pytest.mark.parametrize("path", ["/mail", "/mail/1", "/mail/1/html"])
def test_mail_page_needs_sign_in(world, kept, path):
    answer = Client().get(path)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")


@pytest.mark.parametrize("path", ["/mail", "/mail/{}", "/mail/{}/html"])
def test_mail_page_is_not_there_when_mail_is_really_sent(ana, settings, path):
    mail = keep("ana@acme.example")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    assert ana.get(path.format(mail.pk)).status_code == 404
    assert Client().get(path.format(mail.pk)).status_code == 404


def test_mail_page_changes_nothing_by_post(ana):
    assert ana.post("/mail").status_code == 405


def test_mail_is_framed_where_it_can_do_nothing(ana):
    mail = keep("ana@acme.example", html="<script>alert(1)</script>")

    page, frame = ana.get(f"/mail/{mail.pk}"), ana.get(f"/mail/{mail.pk}/html")

    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "<script>alert" not in page.content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox" src=' in page.content.decode()
    policy = {part.strip() for part in frame["Content-Security-Policy"].split(";")}
    assert policy == {
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
    }
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in frame["Cache-Control"]


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<!doctype html><html><head><title>t</title>", '<!doctype html><html><head><base target="_blank"><title>t'),
        ("<p>hello</p>", '<base target="_blank"><p>hello</p>'),
    ],
)
def test_links_of_a_framed_mail_open_in_new_tabs_and_the_mail_itself_stays_as_it_is(ana, html, shown):
    mail = keep("ana@acme.example", html=html)

    frame = ana.get(f"/mail/{mail.pk}/html")

    assert frame.content.decode().startswith(shown)
    assert mail.html == html
