"""What pages show of Slack: an example sent to oneself, and the preview of cards for admins."""

from __future__ import annotations

import pytest

from approvals.models import Membership
from notifications.models import KeptMail
from tests.approvals.browsing import signed_in, text_of
from tests.notifications.slacking import installed, linked

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
QUERY = {"type": "intent.infra.change.v1", "target": "human", "title": "Add <b>an</b> index", "payload": '{"a": "b"}'}


def test_example_goes_to_ones_own_linked_account_and_holds_nothing_to_press(world, slack):
    installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack)
    ana = signed_in(world.ana)
    assert "by slack, email" in text_of(ana.get("/account"))

    page = text_of(ana.post("/account/example", follow=True))

    assert "Slack: sent" in page
    assert "Email: sent" in page
    (post,) = slack.messages.values()
    assert post.channel == slack.dm("UANA")
    assert post.text.startswith("Example, nothing to decide: Approve?")
    assert post.buttons == []
    assert KeptMail.objects.count() == 1


def test_example_says_what_is_wrong_when_slack_refuses_it(world, slack):
    installed(world.workspace, slack)
    linked(world.ana, slack)
    slack.fail("conversations.open", "messages_tab_disabled")

    page = text_of(signed_in(world.ana).post("/account/example", follow=True))

    assert "Slack: this address cannot be reached: The app&#x27;s Messages tab is off" in page


def test_nothing_is_said_of_slack_when_it_does_not_reach_somebody(world, slack):
    installed(world.workspace, slack)
    linked(world.ana, slack, rested=False)

    page = text_of(signed_in(world.ana).post("/account/example", follow=True))

    assert "Slack:" not in page
    assert slack.messages == {}


def test_preview_shows_the_card_that_slack_would_get_and_sends_nothing(world, slack, settings):
    settings.BASE_URL = "https://countersign.acme.example"
    installed(world.workspace, slack)
    linked(world.ana, slack)
    Membership.objects.filter(person=world.ana).update(is_admin=True)

    page = text_of(signed_in(world.ana).get("/setup/preview", QUERY))

    assert page.count("Request to Ana Ruiz") == 1
    assert "On a phone: Approve? Add &lt;b&gt;an&lt;/b&gt; index, by" in page
    assert '<pre class="said">a: b</pre>' in page
    assert '<span class="button primary">Approve</span>' in page
    assert slack.called("chat.postMessage") == []
