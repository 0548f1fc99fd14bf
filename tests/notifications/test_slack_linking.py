from __future__ import annotations

import re
from datetime import timedelta

import pytest

from approvals.views.sessions import AT
from intents import clock
from intents.models import WorkspaceEntry
from notifications.models import KeptMail, SlackCode, SlackInstallation, SlackLink
from notifications.slack.linking import CODE, is_rested
from notifications.slack.lookup import look_up_due
from notifications.slack.notices import announce_links_due
from tests.approvals.browsing import signed_in, text_of
from tests.changes import newest
from tests.factories import PASSWORD
from tests.notifications.slacking import installed, linked, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack):
    """acme/production speaks to Slack, where Ana is UANA."""
    slack.add_user("UANA", "ana@acme.example", "Ana Ruiz")
    return installed(world.workspace, slack)


def browser(person, *, recent=True):
    client = signed_in(person)
    if recent:
        session = client.session
        session[AT] = clock.now().timestamp()
        session.save()
    return client


def code_for(client) -> str:
    found = CODE.search(text_of(client.post("/account/slack/code")))
    assert found
    return found[0]


def confirmed(client, mine: str = "yes"):
    found = re.search(r'name="code" value="(\d+)"', text_of(client.get("/account/slack")))
    return client.post("/account/slack/confirm", {"code": found[1] if found else "0", "mine": mine}, follow=True)


def test_a_slack_account_is_linked_by_a_code_and_a_confirmation_that_names_it(world, slack, there):
    ana = browser(world.ana)

    assert tell_us(slack, slack.said("UANA", f"here you are: {code_for(ana).lower()}")).status_code == 200
    look_up_due()

    assert "<strong>Ana Ruiz (@ana)</strong> (UANA) in the Slack team <strong>Acme</strong>" in text_of(
        ana.get("/account/slack")
    )
    assert not SlackLink.objects.exists()
    assert "confirm on your account page" in slack.to("UANA")[0].text
    assert "Ana Ruiz (@ana) in Acme is you. It works in 15 minutes." in text_of(confirmed(ana))
    link = SlackLink.objects.get()
    assert (link.person, link.team_id, link.user_id, link.zone) == (world.ana, "T0ACME", "UANA", "Europe/Madrid")
    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("slack_link.created", "person:ana@acme.example", None)
    assert (after["user_id"], after["team_id"]) == ("UANA", "T0ACME")


def test_a_new_link_rests_for_15_minutes_and_is_announced_by_mail(world, slack, there, time_machine):
    ana = browser(world.ana)
    tell_us(slack, slack.said("UANA", code_for(ana)))
    look_up_due()
    confirmed(ana)

    assert "a new link rests for 15 minutes, until 14:17 UTC." in re.sub(
        r"<[^>]+>", "", text_of(ana.get("/account/slack"))
    )
    assert announce_links_due() == 1
    assert announce_links_due() == 0

    mail = KeptMail.objects.get(to="ana@acme.example")
    assert mail.subject == "A Slack account was linked to yours: Ana Ruiz (@ana) in Acme"
    assert "From 15:17 CET on" in mail.text
    link = SlackLink.objects.get()
    assert not is_rested(link, clock.now() + timedelta(minutes=14, seconds=59))
    assert is_rested(link, clock.now() + timedelta(minutes=15))


def test_linking_cannot_be_finished_by_somebody_elses_browser(world, slack, there):
    ana, bo = browser(world.ana), browser(world.bo)
    tell_us(slack, slack.said("UANA", code_for(ana)))
    look_up_due()
    code = SlackCode.objects.get()

    answer = bo.post("/account/slack/confirm", {"code": code.pk, "mine": "yes"}, follow=True)

    assert "There is nothing to confirm any more" in text_of(answer)
    assert "Is this you?" not in text_of(bo.get("/account/slack"))
    assert not SlackLink.objects.exists()


def test_linking_asks_for_a_recent_sign_in_before_it_ends(world, slack, there, time_machine):
    ana = browser(world.ana, recent=False)
    tell_us(slack, slack.said("UANA", code_for(ana)))
    look_up_due()

    assert "Linking an account needs a recent sign-in" in text_of(confirmed(ana))
    assert not SlackLink.objects.exists()
    assert "again=1" in text_of(ana.get("/account/slack"))
    assert "Password" in text_of(ana.get("/sign-in?again=1&next=/account/slack"))
    ana.post("/sign-in", {"email": "ana@acme.example", "password": PASSWORD, "next": "/account/slack"})
    confirmed(ana)
    assert SlackLink.objects.get().person == world.ana


def test_a_code_that_somebody_else_sent_links_nobody_when_its_owner_says_no(world, slack, there):
    slack.add_user("UEVE", "eve@acme.example", "Eve")
    ana = browser(world.ana)
    tell_us(slack, slack.said("UEVE", code_for(ana)))
    look_up_due()
    assert "Eve (@eve)" in text_of(ana.get("/account/slack"))

    confirmed(ana, mine="no")

    assert not SlackLink.objects.exists()
    assert not SlackCode.objects.exists()


def test_a_code_is_good_once_and_for_ten_minutes(world, slack, there, time_machine):
    slack.add_user("UEVE", "eve@acme.example", "Eve")
    code = code_for(browser(world.ana))
    tell_us(slack, slack.said("UANA", code))
    tell_us(slack, slack.said("UEVE", code))
    assert SlackCode.objects.get().user_id == "UANA"

    late = code_for(browser(world.bo))
    time_machine.shift(601)
    tell_us(slack, slack.said("UEVE", late))

    assert SlackCode.objects.get(person=world.bo).sent_at is None


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"is_bot": True}, "it is a bot."),
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"deleted": True}, "it is switched off."),
        ({"team_id": "T0OTHER", "is_stranger": True}, "it belongs to another Slack team."),
        ({"team_id": "T0OTHER"}, "it belongs to another Slack team."),
    ],
)
def test_guests_bots_deleted_and_foreign_users_are_refused_told_and_recorded_when_they_link(
    world, slack, there, user, why
):
    slack.add_user("UODD", "odd@acme.example", "Odd", **user)
    ana = browser(world.ana)
    tell_us(slack, slack.said("UODD", code_for(ana)))

    look_up_due()

    page = text_of(ana.get("/account/slack"))
    assert "cannot be linked" in page
    assert why.replace("'", "&#x27;") in page
    if not user.get("deleted"):
        assert why in slack.to("UODD")[0].text
    confirmed(ana)
    assert not SlackLink.objects.exists()
    entry = WorkspaceEntry.objects.order_by("-seq").first()
    assert (entry.change, entry.actor) == ("slack_link.refused", "slack:UODD")


def test_a_user_of_another_team_in_a_shared_conversation_is_refused_when_the_event_says_so(world, slack, there):
    ana = browser(world.ana)
    tell_us(slack, slack.said("UANA", code_for(ana), user_team="T0OTHER"))

    look_up_due()

    assert "it belongs to another Slack team." in text_of(ana.get("/account/slack"))


def test_a_slack_account_is_one_persons_alone_and_a_person_has_one_in_a_team(world, slack, there):
    linked(world.bo, slack, "UANA")
    ana = browser(world.ana)
    tell_us(slack, slack.said("UANA", code_for(ana)))
    look_up_due()

    assert "unlink it first" in text_of(confirmed(ana))
    assert SlackLink.objects.get().person == world.bo


def test_a_link_ends_when_its_person_says_so_and_nobody_elses(world, slack, there):
    link = linked(world.ana, slack)

    browser(world.bo).post("/account/slack/unlink", {"link": str(link.pk)})
    assert SlackLink.objects.filter(ended_at=None).exists()
    browser(world.ana).post("/account/slack/unlink", {"link": str(link.pk)})

    assert not SlackLink.objects.filter(ended_at=None).exists()
    assert newest(world.workspace)[0] == "slack_link.changed"


def test_lookups_go_on_when_slack_was_out_of_order(world, slack, there, time_machine):
    ana = browser(world.ana)
    tell_us(slack, slack.said("UANA", code_for(ana)))
    slack.fail("users.info", "503")
    look_up_due()
    assert "Is this you?" not in text_of(ana.get("/account/slack"))

    time_machine.shift(16)
    look_up_due()

    assert "Is this you?" in text_of(ana.get("/account/slack"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=ü"},
        {"X-Slack-Request-Timestamp": "x", "X-Slack-Signature": "v0="},
    ],
)
def test_bad_signature_is_401_and_has_no_effect(world, slack, there, headers):
    code = code_for(browser(world.ana))
    body = slack.said("UANA", code)
    good = slack.signed(body)
    wrong = [
        headers or {"X-Other": "1"},
        slack.signed(body + b" "),
        slack.signed(body, secret="f" * 32),
        slack.signed(body, at=clock.now().timestamp() - 301),
        slack.signed(body, at=clock.now().timestamp() + 301),
        good | {"X-Slack-Signature": good["X-Slack-Signature"].replace("v0", "v1")},
    ]

    assert {tell_us(slack, body, **each).status_code for each in wrong} == {401}

    assert SlackCode.objects.get().sent_at is None
    assert tell_us(slack, body, **slack.signed(body, at=clock.now().timestamp() - 299)).status_code == 200


def test_a_good_signature_of_another_app_or_team_is_401(world, slack, there):
    code = code_for(browser(world.ana))
    SlackInstallation.objects.update(team_id="T0OTHER")

    assert tell_us(slack, slack.said("UANA", code)).status_code == 401
    assert SlackCode.objects.get().sent_at is None


def test_slack_is_answered_when_it_tries_our_address_before_there_is_an_app(world):
    body = b'{"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7", "type": "url_verification"}'

    answer = tell_us(None, body, **{"X-None": "1"})

    assert answer.content == b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7"
    assert answer["Content-Type"] == "text/plain"
    assert tell_us(None, b'{"challenge": "<b>", "type": "url_verification"}', **{"X-None": "1"}).status_code == 401


@pytest.mark.parametrize("kind", ["app_uninstalled", "tokens_revoked"])
def test_the_app_is_out_of_order_when_slack_says_that_it_was_removed(world, slack, there, kind):
    body = slack.said("UANA", "", type=kind, tokens={"bot": ["U0COUNTER"]})

    assert tell_us(slack, body).status_code == 200

    there.refresh_from_db()
    assert there.fault
