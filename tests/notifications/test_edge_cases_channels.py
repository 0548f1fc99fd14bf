"""What goes wrong between Slack, mail and the people who answer: presses really signed, mail by a real SMTP server."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.models import Decision, Gate
from intents.digest import digest_of
from intents.models import Event
from intents.services.export import Export, page_of
from intents.services.resume import resolve
from notifications.deliver import deliver_due
from tests.acts import say
from tests.approvals.browsing import text_of
from tests.notifications.slacking import PUBLIC, press, said_to, send_form, slack_ready, tell

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]
PIN = "4711-kestrel"
BY_LINK = {"strength": "link", "risk": "low"}


def words(mail: Any) -> str:
    """What its reader sees, and its source."""
    return "\n".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")


def link_in(mail: Any) -> str:
    """The path of its link."""
    return str(re.findall(rf"{PUBLIC}(/by-mail\?link=\S+)", mail.get_body(("plain",)).get_content())[0])


def opened(path: str, gate: Gate) -> tuple[Client, dict[str, str]]:
    """A browser with the page of this link, and what its form would send besides the choice."""
    browser = Client()
    page = text_of(browser.get(path, follow=True))
    return browser, {"nonce": re.findall(r'name="nonce" value="([^"]+)"', page)[0], "digest": gate.digest}


def settle(time_machine: Any, seconds: float = 4) -> None:
    time_machine.shift(seconds)
    tell()


def test_same_person_votes_in_slack_then_by_email_counts_once_and_the_second_answer_says_so(
    world, slack, smtp, settings
):
    gate = slack_ready(world, slack, settings, need=2, rule=BY_LINK)
    deliver_due()
    browser, form = opened(link_in(smtp.mails("ana@acme.example")[0]), gate)
    press(slack, slack.to("UANA")[0], "Approve", "UANA")
    assert said_to(slack, "UANA").startswith("Your answer is recorded.")

    page = text_of(browser.post(f"/by-mail/{gate.pk}", form | {"outcome": "approved", "comment": "yes"}))

    assert "You already answered this, and that answer counts." in page
    assert "in Slack" in page
    assert Decision.objects.get().via == "slack"
    assert Gate.objects.get().is_open


def test_withdrawn_while_an_approvers_modal_is_open_the_submit_gets_withdrawn_and_nothing_changes(
    world, slack, settings, kept
):
    gate = slack_ready(world, slack, settings)
    press(slack, slack.to("UANA")[0], "Reject", "UANA")
    view = slack.views[-1][1]["view"]
    resolve(gate.intent, None, world.principal, {"status": "CANCELED"})
    before = Event.objects.count()

    answer = send_form(slack, view, "UANA", comment="no.")

    assert answer["response_action"] == "update"
    assert "This was withdrawn at 14:02 UTC; no answer is needed any more." in str(answer["view"])
    assert not Decision.objects.exists()
    assert Event.objects.count() == before


def test_secret_marked_fields_are_masked_in_slack_mail_logs_and_exports_and_no_digest_gives_them_away(
    world, slack, smtp, settings, caplog, time_machine
):
    caplog.set_level(logging.DEBUG)
    payload = {"service": "checkout", "pin": PIN}
    gate = slack_ready(world, slack, settings, rule={"secret": ["payload.pin"]}, payload=payload)
    deliver_due()
    press(slack, slack.to("UANA")[0], "Approve", "UANA")
    settle(time_machine)
    deliver_due()

    seen = [str(slack.calls), caplog.text, page_of(Export(world.workspace, "jsonl"), None, 1000).text]
    seen += [words(mail) for mail in smtp.mails()]
    for text in seen:
        assert PIN not in text
        assert digest_of(payload).removeprefix("sha256:") not in text
        assert digest_of(PIN).removeprefix("sha256:") not in text
    assert "pin: (secret)" in slack.to("UANA")[0].words
    assert "pin: (secret)" in words(smtp.mails()[0])
    assert gate.intent.texts.secret == ["payload.pin"]


def test_response_url_expired_and_the_update_goes_through_chat_update(world, slack, settings, kept, time_machine):
    gate = slack_ready(world, slack, settings, need=2)
    post = slack.to("UANA")[0]
    slack.fail(f"/respond/{post.channel}/{post.ts}", "404", always=True)
    press(slack, post, "Approve", "UANA")
    time_machine.shift(timedelta(minutes=31))

    say(gate, world.bo)
    settle(time_machine)

    assert "Approved by" in slack.to("UANA")[0].words
    assert slack.to("UANA")[0].buttons == []
    assert (post.channel, post.ts) in {(each["channel"], each["ts"]) for each in slack.called("chat.update")}
    assert not [name for name, _ in slack.calls if name.startswith("/respond")]


def test_links_of_the_bot_carry_no_identity(world, slack, settings, kept):
    gate = slack_ready(world, slack, settings)
    slack.add_user("UEVE", "eve@acme.example")
    press(slack, slack.to("UANA")[0], "Approve", "UEVE")
    press(slack, slack.to("UANA")[0], "Approve", "UANA")
    press(slack, slack.to("UANA")[0], "Reject", "UBO")

    addresses = set(re.findall(rf"{PUBLIC}[^\s\"'<>]*", str(slack.calls)))
    assert addresses == {f"{PUBLIC}/gates/{gate.pk}", f"{PUBLIC}/account/slack"}
