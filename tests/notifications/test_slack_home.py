"""The Home in Slack: an inbox that stays true, for whom it is meant."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock, sweeps
from intents.models import WorkspaceEntry
from notifications.models import SlackHome, SlackInstallation, SlackLink
from notifications.slack.homepublish import LEASE
from notifications.slack.homes import opened
from notifications.slack.linking import unlink
from notifications.slack.senders import slack_due
from tests.factories import make_person, make_workspace, open_gate
from tests.notifications.slackhomes import home_words, later, opens
from tests.notifications.slacking import PUBLIC, linked, tell

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


def test_home_shows_what_waits_what_was_sent_and_what_was_decided_in_the_readers_zone(world, slack, there):
    di = make_person(world.workspace, "di@acme.example", "Di Sato")
    done = open_gate(world, human_task={"title": "Drop a table"})
    decide(done.pk, Answer("rejected", comment="no."), world.bo, via="web", strength="signed_in")
    gate = open_gate(world, to_agent="infra-validator", human_task={"title": "Add *an* <!channel> index"})
    gate.intent.requester = di.ref
    gate.intent.save()
    sent = open_gate(world, human_task={"title": "Resize"})
    sent.intent.requester, sent.intent.excluded = world.ana.ref, [world.ana.ref]
    sent.intent.save()

    said = opens(slack)

    assert "Waiting for you (1)\nApprove? “Add *an* <!channel> index” on infra-validator" in said
    assert "By 2 Nov 16:02 CET, else not approved" in said
    assert "asked by sender (a program), for Di Sato · normal risk" in said
    assert "Asked for by you (1)\nApprove? “Resize”" in said
    assert "Waits for sre (Bo Lind and 1 other), until 2 Nov 16:02 CET, else not approved" in said
    assert "Decided lately (1)\nApprove? “Drop a table”" in said
    assert "Rejected by Bo Lind in the web inbox, 2 Nov 15:02 CET" in said
    assert f"{PUBLIC}/inbox" in json.dumps(slack.home("UANA"))


def test_home_is_published_only_for_the_home_tab_and_only_for_who_opens_it(world, slack, there):
    assert opens(slack, tab="messages") == ""
    opens(slack)

    assert [given["user_id"] for given in slack.called("views.publish")] == ["UANA"]
    assert home_words(slack, "UBO") == ""


def test_home_becomes_true_again_after_each_change_that_concerns_its_person(world, slack, there, time_machine):
    assert "Nothing waits for you." in opens(slack)
    gate = open_gate(world, human_task={"title": "Add an index"})
    later(time_machine)
    assert "“Add an index”" in home_words(slack)

    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    later(time_machine)

    assert "Nothing waits for you." in home_words(slack)
    assert "Approved by Bo Lind in the web inbox" in home_words(slack)


def test_home_tells_when_the_time_ran_out(world, slack, there, time_machine):
    open_gate(world)
    opens(slack)
    time_machine.shift(3601)
    sweeps.wake_due()
    later(time_machine)

    assert "Not approved: nobody answered in time" in home_words(slack)


def test_home_of_who_asked_becomes_true_again(world, slack, there, time_machine):
    di = make_person(world.workspace, "di@acme.example", "Di Sato", can_decide=False)
    linked(di, slack)
    gate = open_gate(world)
    gate.intent.requester = di.ref
    gate.intent.save()
    tell()
    time_machine.shift(4)
    assert "Asked for by you (1)" in opens(slack, "UDI")

    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    later(time_machine)

    assert "Nothing that you asked for is under way." in home_words(slack, "UDI")


def test_changes_within_a_few_seconds_make_one_publication(world, slack, there, time_machine):
    opens(slack)
    for _ in range(3):
        open_gate(world)
        tell()
    assert len(slack.called("views.publish")) == 1

    later(time_machine, 4)

    assert len(slack.called("views.publish")) == 2
    assert "Waiting for you (3)" in home_words(slack)


def test_what_changes_nothing_on_a_home_is_not_published(world, slack, there, time_machine):
    open_gate(world)
    opens(slack)
    tell()
    later(time_machine, 4)
    later(time_machine, 901)

    assert len(slack.called("views.publish")) == 1


def test_home_of_a_flood_stays_within_slacks_limits_and_says_how_many_more(world, slack, there):
    for number in range(25):
        open_gate(world, human_task={"title": f"{number} " + "Ж" * 250})

    said = opens(slack)

    assert "Waiting for you (25)" in said
    assert "And 5 more." in said
    assert len(slack.home("UANA")["blocks"]) <= 100


def test_home_without_a_public_address_carries_no_link_and_says_so(world, slack, there, settings):
    settings.BASE_URL = "http://10.0.0.5:8000"

    assert "No link: its address is private. Open http://10.0.0.5:8000/inbox" in opens(slack)


def test_home_of_an_unlinked_user_says_how_to_link_and_nothing_else(world, slack, there, time_machine):
    open_gate(world, human_task={"title": "Add an index"})
    slack.add_user("UEVE", "ana@acme.example")

    said = opens(slack, "UEVE")

    assert said.startswith(f"Link your account first: {PUBLIC}/account/slack")
    assert "2. Send it to Countersign as a direct message" in said
    assert "index" not in said


def test_home_of_a_resting_link_says_from_when_it_works_and_then_does(world, slack, there, time_machine):
    SlackLink.objects.filter(person=world.ana).update(linked_at=clock.now())
    assert "decides from 15:17 CET on" in opens(slack)

    later(time_machine, 901)

    assert "Nothing waits for you." in home_words(slack)


@pytest.mark.parametrize("user", [{"is_restricted": True}, {"is_stranger": True}])
def test_home_of_a_guest_or_a_foreign_user_shows_nothing_and_is_recorded(world, slack, there, user):
    open_gate(world, human_task={"title": "Add an index"})
    slack.users["UANA"] |= user

    said = opens(slack)

    assert said.startswith("This Slack account does not decide")
    assert "index" not in said
    assert WorkspaceEntry.objects.filter(change="slack_account.refused", actor="slack:T0ACME/UANA").count() == 1


def test_home_shows_only_workspaces_that_the_app_serves(world, slack, there, settings):
    elsewhere = make_workspace("acme", "secret-lab")
    elsewhere.memberships.create(person=world.ana, can_decide=True)
    open_gate(world, human_task={"title": "Add an index"})
    there.workspace = elsewhere
    there.save()

    said = opens(slack)

    assert "index" not in said
    assert "Nothing waits for you." in said


def test_home_empties_when_its_link_ends(world, slack, there, time_machine):
    open_gate(world)
    opens(slack)
    unlink(world.ana, SlackLink.objects.get(person=world.ana).pk, clock.now())
    later(time_machine)

    assert home_words(slack).startswith("Link your account first")


def test_home_is_rewritten_without_the_words_after_a_purge(world, slack, there, time_machine):
    gate = open_gate(world, human_task={"title": "Zaunkönig"})
    opens(slack)
    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    later(time_machine)
    assert "Zaunkönig" in home_words(slack)
    later(time_machine)

    call_command("purge", "--workspace", "acme/production", "--intent", str(gate.intent_id))
    later(time_machine)

    assert "Zaunkönig" not in home_words(slack)


def test_home_is_tried_again_when_slack_was_out_of_order(world, slack, there, time_machine):
    slack.fail("views.publish", "503", "429 5")
    assert opens(slack) == ""
    time_machine.shift(11)
    slack_due()
    time_machine.shift(6)
    slack_due()

    assert "Nothing waits for you." in home_words(slack)


def test_home_whose_worker_died_is_published_by_the_next_one(world, slack, there, time_machine):
    opened(there, "UANA")
    SlackHome.objects.update(attempt=1, lease_until=clock.now() + LEASE)
    slack_due()
    assert home_words(slack) == ""

    time_machine.shift(LEASE.total_seconds())
    slack_due()

    assert "Nothing waits for you." in home_words(slack)


def test_home_is_not_published_through_an_app_that_is_out_of_order(world, slack, there):
    slack.fail("views.publish", "token_revoked")
    opens(slack)

    assert SlackInstallation.objects.get().fault.startswith("The bot token was revoked")
    opens(slack)
    assert len(slack.called("views.publish")) == 1


def test_homes_that_somebody_looks_at_come_first_and_no_faster_than_slack_allows(world, slack, there, time_machine):
    for number in range(40):
        opened(there, slack.add_user(f"U{number}", f"p{number}@acme.example"))
    slack_due()
    first = len(slack.called("views.publish"))
    assert 20 < first < 40

    time_machine.shift(60)
    slack_due()

    assert len(slack.called("views.publish")) == 40


def test_every_home_knows_its_app_so_that_two_apps_of_a_team_do_not_mix(world, slack, there):
    opens(slack)
    SlackInstallation.objects.update(app_id="A0OTHER")
    slack.app.app_id = "A0OTHER"
    opens(slack)

    assert set(SlackHome.objects.values_list("app_id", flat=True)) == {"A0COUNTER", "A0OTHER"}


def test_homes_of_a_team_at_its_limit_delay_no_other_team(world, slack, there, time_machine):
    for number in range(80):
        opened(there, slack.add_user(f"U{number}", f"p{number}@acme.example"))
    slack_due()
    other = SlackInstallation.objects.get()
    other.pk, other.team_id, other.workspace = None, "T0OTHER", make_workspace("acme", "elsewhere")
    other.save()
    before = len(slack.called("views.publish"))
    opened(other, slack.add_user("UFAR", "far@acme.example", team_id="T0OTHER"))

    slack_due()

    assert [call["user_id"] for call in slack.called("views.publish")[before:]] == ["UFAR"]
