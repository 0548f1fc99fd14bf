"""What cards and mails say besides the request: both the same, by one view model, and whose words are whose."""

from __future__ import annotations

import pytest

from notifications.deliver import deliver_due
from notifications.models import KeptMail, SlackLink
from tests.acts import say
from tests.factories import open_gate
from tests.notifications.slacking import slack_ready, tell

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
STRICT = {"risk": "high", "comment_required": ["approved"], "instructions": "Look at {payload.service} <b>first</b>."}


def to(person) -> list[KeptMail]:
    return list(KeptMail.objects.filter(to=person.email).order_by("pk"))


def test_card_and_mail_say_that_a_link_is_enough_where_it_is_and_not_that_one_is_needed(world, slack, settings):
    slack_ready(world, slack, settings, rule={"risk": "low", "strength": "link"})
    deliver_due()
    (card,), (mail,) = slack.to("UANA"), to(world.ana)

    assert card.buttons == ["Approve", "Reject"]
    for shown in (card.words, mail.text, mail.html):
        assert "A yes by the link in a mail is enough." in shown
        assert "A yes needs" not in shown


def test_card_and_mail_say_what_a_yes_needs_and_what_the_policy_says_and_who_wrote_that(world, slack, settings):
    slack_ready(world, slack, settings, rule=STRICT, payload={"service": "checkout"})
    deliver_due()
    (card,), (mail,) = slack.to("UANA"), to(world.ana)

    for shown in (card.words, mail.text, mail.html):
        assert "High risk: a yes is asked for once more." in shown
        assert "A yes needs a sign-in within the last 15 minutes." in shown
        assert "The policy says" in shown
        assert "written by an admin, quoting the request" in shown
    assert "Look at “checkout” <b>first</b>." in card.words
    assert "> Look at “checkout” <b>first</b>." in mail.text
    assert "Look at “checkout” &lt;b&gt;first&lt;/b&gt;." in mail.html


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (None, "Approve? intent.infra.change.v1 on infra-validator, by 16:02 CET, else not approved"),
        ({"title": "Add it"}, "Approve? Add it on infra-validator, by 16:02 CET, else not approved"),
    ],
)
def test_push_names_the_agent_once_whether_anybody_wrote_a_title_or_not(world, slack, settings, task, said):
    slack_ready(world, slack, settings, rule={"place": "before"}, to_agent="infra-validator", human_task=task)

    assert slack.to("UANA")[0].text == said


def test_words_of_a_person_are_called_theirs_and_no_programs(world):
    gate = open_gate(world, human_task={"task_type": "review"}, amendable=True, requested_by=world.cy.email)
    say(gate, world.ana, "changes_requested", comment="name the index")
    tell()
    deliver_due()

    mail = to(world.cy)[-1]

    for shown in (mail.text, mail.html):
        assert "What should change" in shown
        assert "written by Ana Ruiz" in shown
        assert "name the index" in shown
        assert "unverified" not in shown


def test_moments_are_in_the_readers_zone_in_news_too(world, slack, settings):
    slack_ready(world, slack, settings, requester=world.ana)
    deliver_due()
    assert SlackLink.objects.get(person=world.ana).zone == "Europe/Madrid"

    waiting = next(mail for mail in to(world.ana) if mail.subject.startswith("Waits for"))

    assert "until 16:02 CET" in waiting.subject
    assert "If nobody answers by 16:02 CET on 02 November 2026" in waiting.text


def test_mail_shows_server_facts_and_payload_before_program_text_which_is_quoted_labelled_and_no_link(world):
    task = {"title": "Add an index", "description": "See https://evil.example/x"}
    open_gate(world, human_task=task, payload={"target": "prod-postgres-main"})
    tell()
    deliver_due()
    mail = to(world.ana)[0]

    order = [
        "“Add an index”",
        "acme/production",
        "What it wants to do",
        "prod-postgres-main",
        "Description",
        "evil.example",
    ]
    for shown in (mail.text, mail.html.partition("<h1")[2]):
        assert sorted(order, key=shown.index) == order
        assert "written by sender, a program; unverified" in shown
    assert "> See https://evil.example/x" in mail.text
    assert 'href="https://evil' not in mail.html


def test_lines_of_a_value_do_not_pass_for_values_in_a_mail(world):
    open_gate(world, payload={"note": "a\napproved_by: Ana"})
    tell()
    deliver_due()

    assert "> note: a\n>     approved_by: Ana\n" in to(world.ana)[0].text
