"""The links in mails: what they open, what they record, and what they are good for when they are not good."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Decision, Gate, Membership, Person
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock
from intents.models import Event
from intents.services.resume import resolve
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.maillinks.links import decide_url, revoke_links
from notifications.maillinks.token import MailLink, read, sign
from notifications.models import KeptMail
from tests.approvals.browsing import signed_in, text_of
from tests.factories import PASSWORD, gate_rule, make_policy, open_gate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon")]


def path_for(person: Person, gate: Gate) -> str:
    """The link in this person's mail, without the host."""
    return decide_url(person, gate, clock.now()).removeprefix("http://127.0.0.1:8000")


def opened(person: Person, gate: Gate, **options: Any) -> Client:
    """A browser in which this person's link was opened."""
    browser = Client(enforce_csrf_checks=True, **options)
    assert browser.get(path_for(person, gate)).status_code == 303
    return browser


def nonce_in(page: Any) -> str:
    return str(re.findall(r'name="nonce" value="([^"]+)"', text_of(page))[0])


def answer(browser: Client, gate: Gate, outcome: str | None = "rejected", comment: str = "not now", **more: Any) -> Any:
    """What the form would send."""
    where = f"/by-mail/{gate.pk}"
    said = {"nonce": nonce_in(browser.get(where)), "digest": gate.digest, "comment": comment, **more}
    return browser.post(where, said | ({"outcome": outcome} if outcome else {}))


def easy_gate(world: Any, **fields: Any) -> Gate:
    """Open under a policy that takes a yes by link."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", strength="link", risk="low")])
    return open_gate(world, **fields)


def test_mail_has_a_link_of_its_readers_own(world, kept):
    gate = open_gate(world)
    announce_due()

    deliver_due()

    links = {}
    for mail in KeptMail.objects.all():
        (found,) = re.findall(r"http://127.0.0.1:8000/by-mail\?link=(\S+)", mail.text)
        link = read(found)
        assert found in mail.html
        assert link.gate_id == gate.pk
        links[mail.to] = link.person_id
    assert links == {person.email: person.pk for person in world.people.values()}


def test_link_is_swapped_for_a_cookie_and_an_address_that_says_nothing(world):
    gate = open_gate(world)
    browser = Client()

    answer = browser.get(path_for(world.ana, gate))

    assert answer.status_code == 303
    assert answer["Location"] == f"/by-mail/{gate.pk}"
    (cookie,) = browser.cookies.values()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 3600
    assert SESSION_KEY not in browser.session


def test_cookie_is_bound_to_the_host_when_the_site_is_https(world, settings):
    settings.SITE_IS_HTTPS = True
    browser = Client()

    browser.get(path_for(world.ana, open_gate(world)))

    (cookie,) = browser.cookies.values()
    assert cookie.key.startswith("__Host-")
    assert cookie["secure"]
    assert cookie["path"] == "/"


def test_no_address_of_a_link_says_what_is_decided(world):
    gate = open_gate(world)

    for outcome, _ in gate.ask.outcomes:
        assert outcome not in path_for(world.ana, gate)


@pytest.mark.parametrize("agent", ["Mozilla/5.0", "Slackbot-LinkExpanding 1.0", ""])
@pytest.mark.parametrize("method", ["get", "head"])
def test_get_and_head_of_any_link_change_nothing_from_any_user_agent(world, agent, method):
    gate = open_gate(world)
    browser = Client(headers={"user-agent": agent})

    with CaptureQueriesContext(
        connection,
    ) as asked:
        for path in (path_for(world.ana, gate), f"/by-mail/{gate.pk}", f"/by-mail/{gate.pk}?full=1&outcome=approved"):
            getattr(browser, method)(path)

    written = [
        query["sql"] for query in asked if not query["sql"].upper().startswith(("SELECT", "SAVEPOINT", "RELEASE"))
    ]
    assert written == []
    assert not Decision.objects.exists()


def test_pages_of_a_link_are_not_stored_and_tell_no_other_site(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)

    for page in (Client().get(path_for(world.ana, gate)), browser.get(f"/by-mail/{gate.pk}"), answer(browser, gate)):
        assert "no-store" in page["Cache-Control"]
        assert page["Referrer-Policy"] == "no-referrer"


def test_page_of_a_link_shows_the_whole_context_and_nothing_is_chosen(world):
    gate = open_gate(
        world,
        payload={"target": "prod-postgres-main", "rows": [1, 2]},
        human_task={"title": "Add an index", "description": "It is slow."},
    )

    page = text_of(opened(world.ana, gate).get(f"/by-mail/{gate.pk}"))

    for words in ("prod-postgres-main", "rows[1]", "Add an index", "It is slow.", "not approved", "sender", "Ana Ruiz"):
        assert words in page
    assert gate.digest in page
    assert " checked" not in page.replace("has checked", "")
    assert 'value="approved"' not in page, "a yes needs a sign-in"
    assert 'value="rejected"' in page


def test_refusal_by_link_is_recorded_under_its_owner_and_flagged(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)

    said = answer(browser, gate)

    assert said.status_code == 303
    assert said["Location"] == f"/by-mail/{gate.pk}"
    decision = Decision.objects.get()
    assert (decision.person, decision.via, decision.strength) == (world.ana, "email", "link")
    assert decision.full_view is True
    assert "Rejected by Ana Ruiz by email" in text_of(browser.get(said["Location"]))
    assert "by the link in their mail, without signing in" in text_of(signed_in(world.bo).get(f"/gates/{gate.pk}"))
    event = Event.objects.get(event_type="intent.decision_recorded").said()["details"]
    assert (event["by"], event["strength"]) == ("ana@acme.example", "link")


@pytest.mark.parametrize("outcome", ["approved"])
def test_forwarded_mail_does_not_let_its_receiver_accept_where_sign_in_is_required(world, outcome):
    gate = open_gate(world)
    browser = opened(world.ana, gate)

    said = answer(browser, gate, outcome, "looks good")

    assert said.status_code == 422
    assert "sign in, then accept" in text_of(said)
    assert not Decision.objects.exists()


def test_decide_itself_takes_no_yes_by_link_where_sign_in_is_required(world):
    gate = open_gate(world)

    verdict = decide(gate.pk, Answer("approved", "x"), world.ana, via="email", strength="link")

    assert (verdict.recorded, verdict.code) == (False, "sign_in_needed")


def test_forwarded_mail_is_its_owners_answer_and_flagged_where_a_policy_takes_a_yes_by_link(world):
    gate = easy_gate(world)

    said = answer(opened(world.ana, gate), gate, "approved", "small thing")

    assert said.status_code == 303
    decision = Decision.objects.get()
    assert (decision.outcome, decision.person, decision.strength) == ("approved", world.ana, "link")


def test_person_who_voted_in_slack_counts_once_and_is_told_so_by_mail(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, strength="link", risk="low")])
    gate = open_gate(world)
    early, late = opened(world.ana, gate), opened(world.ana, gate)
    said = {"nonce": nonce_in(early.get(f"/by-mail/{gate.pk}")), "digest": gate.digest}
    decide(gate.pk, Answer("approved"), world.ana, via="slack", strength="linked")

    again = early.post(f"/by-mail/{gate.pk}", said | {"outcome": "approved", "comment": "yes"}, follow=True)

    for page in (again, late.get(f"/by-mail/{gate.pk}")):
        assert "Your answer is recorded" in text_of(page)
        assert "in Slack" in text_of(page)
    assert Decision.objects.filter(taken_back_at=None).count() == 1
    assert Gate.objects.get().is_open


def test_withdrawn_while_the_page_of_a_link_is_open_says_so_and_changes_nothing(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)
    said = {"nonce": nonce_in(browser.get(f"/by-mail/{gate.pk}")), "digest": gate.digest}
    resolve(gate.intent, None, world.principal, {"status": "CANCELED"})

    page = browser.post(f"/by-mail/{gate.pk}", said | {"outcome": "rejected", "comment": "no"})

    assert "Withdrawn at 14:02 UTC" in text_of(page)
    assert not Decision.objects.exists()


def test_signing_in_leads_to_the_page_where_one_accepts(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)
    assert f"/sign-in?next=/gates/{gate.pk}" in text_of(browser.get(f"/by-mail/{gate.pk}"))
    Membership.objects.filter(person=world.ana).update(is_admin=True)

    browser = opened(world.ana, gate)
    said = Client().post("/sign-in", {"email": world.ana.email, "password": PASSWORD, "next": f"/gates/{gate.pk}"})

    assert said["Location"] == f"/gates/{gate.pk}"


@pytest.mark.parametrize(
    ("left_out", "changed", "status"),
    [
        ("nonce", {}, 403),
        ("", {"nonce": "x" * 43}, 403),
        ("outcome", {}, 422),
        ("", {"outcome": ""}, 422),
        ("", {"outcome": "nonsense"}, 422),
        ("comment", {}, 422),
        ("digest", {}, 409),
        ("", {"digest": "sha256:0"}, 409),
    ],
)
def test_answer_without_nonce_choice_words_or_digest_is_not_recorded(world, left_out, changed, status):
    gate = easy_gate(world)
    browser = opened(world.ana, gate)
    nonce = nonce_in(browser.get(f"/by-mail/{gate.pk}"))
    said = {"nonce": nonce, "digest": gate.digest, "comment": "fine", "outcome": "approved"} | changed
    said.pop(left_out, None)

    page = browser.post(f"/by-mail/{gate.pk}", said)

    assert page.status_code == status
    assert "Not recorded" in text_of(page)
    assert not Decision.objects.exists()


def test_answer_without_the_cookie_is_not_recorded(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)
    said = {"nonce": nonce_in(browser.get(f"/by-mail/{gate.pk}")), "digest": gate.digest}
    said |= {"outcome": "rejected", "comment": "no"}

    page = Client().post(f"/by-mail/{gate.pk}", said)

    assert page.status_code == 403
    assert "Open the link in your mail again" in text_of(page)
    assert not Decision.objects.exists()


def test_link_goes_on_working_after_a_scanner_has_used_it(world):
    gate = open_gate(world)
    scanner = opened(world.ana, gate)
    answer(scanner, gate, outcome=None, comment="")
    answer(scanner, gate, outcome="rejected", comment="")

    said = answer(opened(world.ana, gate), gate)

    assert said.status_code == 303
    assert Decision.objects.get().outcome == "rejected"


def test_several_mails_are_open_at_once(world):
    first, second = open_gate(world), open_gate(world)
    browser = opened(world.ana, first)
    browser.get(path_for(world.ana, second))

    assert answer(browser, first).status_code == 303
    assert answer(browser, second).status_code == 303
    assert Decision.objects.count() == 2


def closed_by_bo(world: Any, gate: Gate, moving: Any) -> None:
    decide(gate.pk, Answer("approved", "fine"), world.bo, via="web", strength="signed_in")


def revoked(world: Any, gate: Gate, moving: Any) -> None:
    revoke_links(world.ana)


def expired(world: Any, gate: Gate, moving: Any) -> None:
    moving.shift(timedelta(days=7, seconds=1))
    Gate.objects.update(expires_at=clock.now() + timedelta(days=2))


def readdressed(world: Any, gate: Gate, moving: Any) -> None:
    Person.objects.filter(pk=world.ana.pk).update(email="other@acme.example")


def departed(world: Any, gate: Gate, moving: Any) -> None:
    Membership.objects.filter(person=world.ana).update(is_active=False)


def deactivated(world: Any, gate: Gate, moving: Any) -> None:
    Person.objects.filter(pk=world.ana.pk).update(is_active=False)


def amended(world: Any, gate: Gate, moving: Any) -> None:
    Gate.objects.update(digest="sha256:" + "1" * 64)


@pytest.mark.parametrize(
    ("happened", "status", "words"),
    [
        (closed_by_bo, 200, ["No answer is needed any more", "Approved by Bo Lind in the web inbox"]),
        (revoked, 410, ["no longer good", "It is open"]),
        (expired, 410, ["has run out", "It is open"]),
        (readdressed, 410, ["no longer good", "It is open"]),
        (departed, 410, ["no longer good"]),
        (deactivated, 410, ["no longer good"]),
        (amended, 409, ["What was asked has changed", "It is open"]),
    ],
)
def test_link_that_is_no_longer_good_leads_to_a_page_that_says_why_and_how_it_stands(
    world, time_machine, happened, status, words
):
    gate = open_gate(world)
    path = path_for(world.ana, gate)
    browser = Client()
    happened(world, gate, time_machine)

    assert browser.get(path).status_code == 303
    page = browser.get(f"/by-mail/{gate.pk}")

    assert page.status_code == status
    for word in words:
        assert word in text_of(page)
    assert "<form" not in text_of(page)


def test_revoked_link_names_nobody(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)
    revoke_links(world.ana)
    closed_by_bo(world, gate, None)

    page = text_of(browser.get(f"/by-mail/{gate.pk}"))

    assert "Approved" in page
    assert "Bo Lind" not in page
    assert "Ana Ruiz" not in page


def test_used_link_shows_what_was_answered(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)
    answer(browser, gate, comment="too early")

    page = text_of(browser.get(f"/by-mail/{gate.pk}"))

    assert "Your answer is recorded" in page
    assert "too early" in page
    assert "<form" not in page


def test_link_of_somebody_else_lets_nobody_act_in_their_name(world):
    gate = open_gate(world)
    browser = signed_in(world.bo)
    browser.get(path_for(world.ana, gate))

    page = browser.get(f"/by-mail/{gate.pk}")
    said = browser.post(f"/by-mail/{gate.pk}", {"outcome": "rejected", "comment": "x", "digest": gate.digest})

    for shown in (page, said):
        assert "sent to somebody else" in text_of(shown)
        assert "Bo Lind" in text_of(shown)
        assert "Ana" not in text_of(shown)
    assert not Decision.objects.exists()


def test_owner_who_is_signed_in_gets_the_gates_own_page(world):
    gate = open_gate(world)

    assert signed_in(world.ana).get(path_for(world.ana, gate))["Location"] == f"/gates/{gate.pk}"


def test_link_of_the_requester_opens_no_form(world):
    gate = open_gate(world, requested_by=world.ana.email)

    page = opened(world.ana, gate).get(f"/by-mail/{gate.pk}")

    assert page.status_code == 403
    assert "bound up with this request" in text_of(page)


@pytest.mark.parametrize("text", ["", "csm_", "csm_x", "x" * 5000, "csm_" + "A" * 300, "\x00"])
def test_link_that_is_none_is_404_and_recorded_nowhere(world, text):
    assert Client().get("/by-mail", {"link": text}).status_code == 404


def test_link_cannot_be_made_to_say_something_else(world):
    """Each character of it is bound to the signature."""
    text = path_for(world.ana, open_gate(world)).partition("link=")[2]

    for at in range(5, len(text), 7):
        forged = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert Client().get("/by-mail", {"link": forged}).status_code == 404


def test_link_signed_with_another_key_is_none(world, settings):
    gate = open_gate(world)
    path = path_for(world.ana, gate)
    settings.LINK_KEY = settings.SECRET_KEY

    assert Client().get(path).status_code == 404


def test_cookie_and_link_do_not_pass_for_each_other(world):
    gate = open_gate(world)
    browser = opened(world.ana, gate)
    cookie = next(iter(browser.cookies.values()))
    link = path_for(world.ana, gate).partition("link=")[2]

    assert Client().get("/by-mail", {"link": f"csm_{cookie.value}"}).status_code == 404
    browser.cookies[cookie.key] = link.removeprefix("csm_")
    assert browser.get(f"/by-mail/{gate.pk}").status_code == 403


def test_cookie_is_good_for_an_hour_and_for_its_gate(world, time_machine):
    gate, other = open_gate(world), open_gate(world)
    browser = opened(world.ana, gate)
    cookie = next(iter(browser.cookies.values()))
    browser.cookies[cookie.key[:-12] + other.pk.hex[-12:]] = cookie.value
    assert browser.get(f"/by-mail/{other.pk}").status_code == 403

    time_machine.shift(3601)

    assert browser.get(f"/by-mail/{gate.pk}").status_code == 403


def test_view_by_link_that_is_cut_offers_no_yes_and_leads_to_the_full_one(world):
    gate = easy_gate(world, payload={f"key{number}": "x" for number in range(300)})
    browser = opened(world.ana, gate)

    cut, full = browser.get(f"/by-mail/{gate.pk}"), browser.get(f"/by-mail/{gate.pk}?full=1")

    assert 'value="approved"' not in text_of(cut)
    assert f'href="/by-mail/{gate.pk}?full=1"' in text_of(cut)
    assert 'value="approved"' in text_of(full)
    assert answer(browser, gate, "approved", "ok").status_code == 422
    assert answer(browser, gate, "approved", "ok", full="1").status_code == 303


def test_link_holds_what_it_is_bound_to(world):
    gate = open_gate(world)

    link = read(path_for(world.ana, gate).partition("link=")[2])

    assert isinstance(link, MailLink)
    assert (link.person_id, link.gate_id, link.digest) == (world.ana.pk, gate.pk, gate.digest)
    assert (link.purpose, link.generation) == ("decide", 0)
    assert datetime.fromtimestamp(link.until).astimezone() == clock.now() + timedelta(days=7)
    assert read(sign(link)) == link


def test_archived_gate_is_said_to_be_in_the_archive(world):
    gate = open_gate(world)
    link = read(path_for(world.ana, gate).partition("link=")[2])
    gone = uuid.uuid4()
    browser = Client()
    browser.get("/by-mail", {"link": sign(MailLink(**{**link.__dict__, "gate": gone.hex}))})

    assert "in the archive" in text_of(browser.get(f"/by-mail/{gone}"))


def test_sample_address_is_local(world):
    assert urlsplit(decide_url(world.ana, open_gate(world), clock.now())).path == "/by-mail"


class Forms(HTMLParser):
    """The forms of a page with what is in them as found, and its links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.radios: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"": said.get("action", "")})
        elif tag == "a" and said.get("href", "").startswith("/"):
            self.links.append(said["href"])
        elif tag == "input" and said.get("type") == "radio":
            self.radios.append((said["name"], said["value"]))
        is_sent = said.get("type") not in ("radio", "checkbox") or "checked" in said
        if "name" in said and is_sent and self.forms:
            self.forms[-1][said["name"]] = said.get("value", "")


@pytest.mark.parametrize("lets_pass", [False, True])
def test_scanner_that_follows_every_link_and_submits_every_form_decides_nothing(world, lets_pass):
    """As found, and with each choice clicked; the same with a real browser: tests/stories/test_mail_scanners.py."""
    gate = (easy_gate if lets_pass else open_gate)(world, human_task={"title": "Add an index"})
    scanner, waiting, seen = Client(), [path_for(world.ana, gate)], set()

    while waiting:
        path = waiting.pop()
        seen.add(path)
        found = Forms(text_of(scanner.get(path, follow=True)))
        waiting += [link for link in found.links if link not in seen]
        for form in found.forms:
            where = form.pop("") or path
            for choice in [{}, *({name: value} for name, value in found.radios)]:
                scanner.post(where, form | choice, follow=True)

    assert "/sign-in" in {path.partition("?")[0] for path in seen}
    assert not Decision.objects.exists()
    assert answer(opened(world.ana, gate), gate).status_code == 303
