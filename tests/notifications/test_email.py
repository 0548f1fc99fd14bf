from __future__ import annotations

import json
import re
import uuid
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives

from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock, sweeps
from intents.models import IntentTexts
from notifications.announce import announce_due
from notifications.case import read_case
from notifications.channels.base import Message
from notifications.channels.email import as_mail
from notifications.compose import compose
from notifications.content import Content
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.factories import gate_rule, make_policy, open_gate, send

pytestmark = pytest.mark.usefixtures("afternoon")
CLIPPED_AT = 102 * 1024


def content(**fields) -> Content:
    plain = {"template": "news", "subject": "s", "headline": "h", "reason": "r", "facts": (), "url": "u", "link": "l"}
    return Content(**{**plain, **fields})


def message(**fields) -> Message:
    return Message(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), "ana@acme.example", content(**fields))


def ask_of(gate) -> Content:
    announce_due()
    return compose(read_case(Delivery.objects.filter(gate_id=gate.pk)[0], clock.now()))


@pytest.mark.parametrize(
    "title",
    [
        "a\r\nBcc: eve@evil.example",
        "a\nb",
        "a\rb",
        "a\x00b\x0b\x0c\x1b\x85\u2028\u2029b",
        "x" * 300,
        "ü" * 300,
        "\u202egnp.exe",
        "=?utf-8?q?Bcc:_eve?=",
        "",
    ],
)
def test_subject_is_one_short_line_whatever_the_title(title):
    mail = as_mail(message(subject=f"Approve? {title} (acme/production)"))

    raw = mail.message().as_bytes()
    assert len(mail.subject) <= 200
    assert len(mail.subject.splitlines()) == 1
    assert mail.message()["Bcc"] is None
    assert all(len(line) <= 998 for line in raw.splitlines())


@pytest.mark.parametrize(
    "subject", ["Approve? a", "a" * 69, "a" * 70, "word " * 30, "x" * 300, "ü" * 30, " a\tb ", "a,b;c" * 20]
)
def test_mail_is_written_as_django_writes_it_but_for_what_parts_it(subject):
    mail = as_mail(message(subject="given below"))
    mail.subject = subject
    mail.extra_headers["Date"] = "Mon, 02 Nov 2026 14:02:00 -0000"

    ours, djangos = mail.message(), EmailMultiAlternatives.message(mail)

    djangos.set_boundary(ours.get_boundary())
    assert ours.as_bytes() == djangos.as_bytes()


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["x" * 255, "a\r\nBcc: eve@evil.example", "\u202e\u0001 \x07"])
def test_mail_arrives_when_the_title_is_nasty(world, smtp, title):
    open_gate(world, human_task={"title": title})
    announce_due()

    deliver_due()

    mails = smtp.mails()
    assert len(mails) == 3
    assert {mail["Bcc"] for mail in mails} == {None}
    assert all(mail["Subject"].strip().startswith("Approve? ") for mail in mails)
    assert all(mail["Subject"].endswith("by 3 Nov 14:02 UTC, else not approved") for mail in mails)


@pytest.mark.django_db
def test_mail_says_who_asks_what_until_when_and_what_silence_means(world, smtp):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world, human_task={"title": "Add an index", "description": "See https://evil.example/x"})
    announce_due()

    deliver_due()

    mail = smtp.mails("ana@acme.example")[0]
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert mail["Subject"] == "Approve? Add an index (acme/production), by 15:02 UTC, else not approved"
    for part in (text, html):
        for words in (
            "acme/production",
            "sender (a program)",
            "intent.infra.change.v1",
            "prod-postgres-main",
            gate.digest[:23],
            "sre: 0 of 1 agreed",
            "15:02 UTC",
            "this is not approved",
            f"http://127.0.0.1:8000/gates/{gate.pk}",
            "unverified",
        ):
            assert words in part
    assert "> See https://evil.example/x" in text
    assert html.count("<a ") == 2
    assert 'href="https://evil' not in html
    assert "<img" not in html
    assert '<meta name="color-scheme" content="light dark">' in html
    (sheet,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert sheet.startswith("@media (prefers-color-scheme: dark)")
    assert 'style="' in html.partition("<h1")[2]


@pytest.mark.django_db
def test_mail_escapes_what_a_program_wrote(world, kept):
    nasty = "<a href='https://evil.example'>click</a><script>alert(1)</script>{{ 1 }}{% now 'Y' %}"
    open_gate(world, human_task={"title": nasty, "description": nasty}, payload={nasty: nasty})
    announce_due()

    deliver_due()

    html = KeptMail.objects.all()[0].html
    assert "<script" not in html
    assert html.count("<a ") == 2
    assert "{{ 1 }}" in html


@pytest.mark.django_db
def test_mails_of_a_gate_are_one_thread_and_each_has_its_own_id(world, smtp, time_machine):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60})])
    gate = open_gate(world)
    gate.intent.requester = world.cy.ref
    gate.intent.save()
    announce_due()
    deliver_due()
    time_machine.shift(61)
    sweeps.wake_due()
    announce_due()
    deliver_due()
    decide(gate.pk, Answer("approved", "fine"), world.ana, via="web", strength="signed_in")
    announce_due()
    deliver_due()

    headers = smtp.mails()

    assert len(headers) == 9  # the requester is also told whom it waits for
    assert len({found["Message-ID"] for found in headers}) == 9
    assert {found["References"] for found in headers} == {f"<gate.{gate.pk}@127.0.0.1>"}
    assert {found["In-Reply-To"] for found in headers} == {f"<gate.{gate.pk}@127.0.0.1>"}
    assert {found["Auto-Submitted"] for found in headers} == {"auto-generated"}


@pytest.mark.django_db
def test_mail_tells_the_requester_the_outcome_in_the_summary(world, kept):
    gate = open_gate(world, human_task={"title": "Add an index"})
    gate.intent.requester = world.cy.ref
    gate.intent.save()
    decide(gate.pk, Answer("approved", "looks right."), world.ana, via="web", strength="signed_in")
    announce_due()

    deliver_due()

    mail = KeptMail.objects.get()
    assert mail.subject == "Approved: Add an index (acme/production)"
    assert "Approved by Ana Ruiz in the web inbox at 14:02 UTC: looks right." in mail.text
    assert f"/intents/{gate.intent_id}" in mail.text


@pytest.mark.django_db
def test_mail_tells_the_requester_when_nobody_runs_the_agent(world, kept, time_machine):
    make_policy(world.workspace, action="approve")
    intent = send(world)
    intent.requester = world.cy.ref
    intent.save()
    time_machine.shift(301)
    sweeps.wake_due()
    announce_due()

    deliver_due()

    mail = KeptMail.objects.get()
    assert mail.subject == "Nobody works on it: intent.infra.change.v1 (acme/production)"
    assert "agent://acme/production/infra-validator does not listen" in mail.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "payload",
    [
        {"log": "<\"&'>" * 40_000},
        {f"key {number}": '"<>&' * 5 for number in range(4_000)},
        {"emoji": ["😀" * 2_000 for _ in range(20)]},
        {"<" * 20_000: 1},
    ],
)
def test_mail_stays_below_what_clients_clip_and_owns_up_to_it(world, kept, payload):
    gate = open_gate(world, payload=payload, human_task={"title": '"' * 255, "description": '"' * 2000})
    gate.ask.earlier = [{"step_id": "a" * 64, "by": "b" * 255, "result": payload}] * 12
    gate.ask.save()
    announce_due()

    deliver_due()

    mail = KeptMail.objects.all()[0]
    assert len(mail.html.encode()) < CLIPPED_AT
    assert "The page shows everything in full." in mail.html
    assert "The page shows everything in full." in mail.text


@pytest.mark.django_db
def test_mail_shows_every_value_when_there_are_few(world):
    gate = open_gate(world, payload={"a": {"b": [1, True, None, "x"]}})

    table = ask_of(gate).tables[0]

    assert [(row.path, row.text) for row in table.rows] == [
        ("a.b[0]", "1"),
        ("a.b[1]", "true"),
        ("a.b[2]", "null"),
        ("a.b[3]", "x"),
    ]
    assert table.left_out == ""


@pytest.mark.django_db
def test_mail_warns_when_letters_of_different_alphabets_look_alike(world):
    gate = open_gate(world, payload={"target": "p\u0430ypal.com"})

    assert "p\u0430ypal" in ask_of(gate).warnings[0]


@pytest.mark.django_db
def test_mail_shows_the_payload_as_it_is_stored(world):
    gate = open_gate(world, payload={"target": "a\u202eb"})

    assert ask_of(gate).tables[0].rows[0].text == "a⟨U+202E⟩b"
    assert json.loads(IntentTexts.objects.get(intent=gate.intent).payload) == {"target": "a\u202eb"}


def test_mail_templates_have_nothing_remote_and_one_sheet_that_is_inlined():
    sources = {
        file.name: file.read_text() for file in (Path(__file__).parents[2] / "templates" / "mail").glob("*.html")
    }

    assert [name for name, source in sources.items() if "<style" in source] == ["style.html"]
    for source in sources.values():
        assert "src=" not in source
        assert "url(" not in source
        assert "http" not in source.replace('xmlns="http://www.w3.org/1999/xhtml"', "")


@pytest.mark.django_db
def test_mail_says_who_refused_the_same_lately_and_why(world, kept):
    first = open_gate(world)
    decide(first.pk, Answer("rejected", "not on a <b>Friday</b>"), world.bo, via="web", strength="signed_in")
    gate = open_gate(world)

    assert ask_of(gate).refusals == ("Rejected by Bo Lind, 14:02 UTC: not on a <b>Friday</b>",)
    deliver_due()
    mail = KeptMail.objects.filter(headers__References=f"<gate.{gate.pk}@127.0.0.1>")[0]
    assert "> Rejected by Bo Lind, 14:02 UTC: not on a <b>Friday</b>" in mail.text
    assert "not on a &lt;b&gt;Friday" in mail.html
