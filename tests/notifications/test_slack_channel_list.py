"""The list of Slack channels on `/setup/slack`: who keeps it, what Slack is asked, and what policies make of it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from approvals.changers import LATELY, Rules, changers
from approvals.models import Membership, Person
from approvals.services.linting import lint_workspace
from intents import clock
from notifications.models import SlackRoom
from notifications.slack.roomlist import add_room
from tests.approvals.browsing import signed_in, text_of
from tests.changes import changes, newest
from tests.factories import PASSWORD, gate_rule, make_policy, make_workspace
from tests.notifications.slacking import PUBLIC, installed

pytestmark = pytest.mark.django_db
ADD, REMOVE = "/setup/slack/channels", "/setup/slack/channels/remove"
DEPLOYS = "C0DEPLOYS"


@pytest.fixture
def admin(world, slack, settings):
    """Ana is an admin, Slack is set up, and the bot is in #deploys."""
    settings.BASE_URL = PUBLIC
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    installed(world.workspace, slack)
    slack.add_room(DEPLOYS, name="deploys")
    return signed_in(world.ana)


def add(client: Any, channel: str) -> str:
    return text_of(client.post(ADD, {"workspace": "acme/production", "channel": channel}, follow=True))


@pytest.mark.parametrize(
    "typed",
    [
        "#Deploys",
        "deploys",
        f" {DEPLOYS} ",
        f"https://acme.slack.com/archives/{DEPLOYS}",
        f"https://app.slack.com/client/T0ACME/{DEPLOYS}",
    ],
)
def test_channel_is_added_by_its_name_id_or_link_and_stands_in_the_chain(world, slack, admin, typed):
    page = add(admin, typed)

    assert "Policies may post to slack:#deploys now." in page
    room = SlackRoom.objects.get()
    assert (room.workspace, room.address, room.is_shared) == (world.workspace, "T0ACME/C0DEPLOYS", False)
    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("slack_channel.created", "person:ana@acme.example", None)
    assert after == {"workspace": "acme/production", "team_id": "T0ACME", "channel_id": DEPLOYS, "name": "deploys"}


@pytest.mark.parametrize(
    ("typed", "fields", "words"),
    [
        ("#nowhere", {}, "write /invite @Countersign there"),
        ("C0NOWHERE", {}, "Slack does not know this conversation"),
        ("", {}, "Write its name such as #deploys"),
        ("two words", {}, "Write its name such as #deploys"),
        (DEPLOYS, {"is_member": False}, "The bot is not in this Slack channel: invite it."),
        (DEPLOYS, {"is_archived": True}, "The Slack channel is archived."),
        (DEPLOYS, {"is_mpim": True}, "a conversation of a few people"),
        (DEPLOYS, {"is_private": True, "is_member": False}, "or the bot is not in it"),
    ],
)
def test_channel_that_cannot_be_posted_to_is_not_added_and_the_page_says_why(world, slack, admin, typed, fields, words):
    slack.rooms[DEPLOYS] |= fields

    assert words in add(admin, typed)
    assert not SlackRoom.objects.exists()


@pytest.mark.parametrize("word", ["503", "missing_scope", "429 3"])
def test_channel_is_not_added_when_slack_does_not_answer(world, slack, admin, word):
    slack.fail("conversations.info", word)

    assert "Policies may post" not in add(admin, DEPLOYS)
    assert not SlackRoom.objects.exists()


def test_channel_is_found_by_its_name_among_many(world, slack, admin):
    for number in range(450):
        slack.add_room(f"C1{number:04}", name=f"room-{number}")

    assert "slack:#room-449 now." in add(admin, "#room-449")


def test_channel_is_on_the_list_once(world, slack, admin):
    add(admin, DEPLOYS)

    assert "is on the list already." in add(admin, "#deploys")
    assert SlackRoom.objects.count() == 1


def test_page_says_what_is_shared_and_what_is_out_of_order(world, slack, admin):
    slack.add_room("C0PARTNERS", name="partners", is_ext_shared=True)
    assert "Other organisations read it" in add(admin, "#partners")
    add(admin, DEPLOYS)
    SlackRoom.objects.filter(name="deploys").update(fault="The Slack channel is archived. (is_archived)")

    page = text_of(admin.get("/setup/slack"))

    assert "other organisations read it: only a note without contents goes there" in page
    assert "Nothing can be posted: The Slack channel is archived." in page
    assert "Mend it in Slack, or take it off the list and out of the policies." in page


def test_taking_a_channel_off_the_list_stands_in_the_chain(world, slack, admin):
    add(admin, DEPLOYS)

    for number in ("0", "x", str(SlackRoom.objects.get().pk)):
        admin.post(REMOVE, {"workspace": "acme/production", "channel": number})

    assert not SlackRoom.objects.exists()
    assert changes(world.workspace, "slack_channel") == ["slack_channel.created", "slack_channel.deleted"]


def test_list_is_for_admins_of_its_workspace_alone(world, slack, admin):
    add(admin, DEPLOYS)
    other = add_room(world.workspace, slack.add_room("C0OPS", name="ops"), "server")
    fields = {"workspace": "acme/production", "channel": str(other.pk)}

    assert signed_in(world.bo).post(ADD, fields | {"channel": DEPLOYS}).status_code == 404
    assert signed_in(world.bo).post(REMOVE, fields).status_code == 404
    elsewhere = make_workspace("other", "place")
    Membership.objects.create(person=world.bo, workspace=elsewhere, is_admin=True)
    signed_in(world.bo).post(REMOVE, fields | {"workspace": "other/place"})
    assert SlackRoom.objects.count() == 2


def test_who_changed_where_a_gate_is_posted_is_bound_up_with_it_for_a_day(world, slack, admin):
    add(admin, DEPLOYS)

    def bound(names: set[str]) -> list[str]:
        return list(changers(Rules(world.workspace, frozenset(names)), clock.now() - LATELY).values())

    assert bound({"team:sre"}) == []
    assert bound({"team:sre", "post:slack:#ops"}) == []
    (why,) = bound({"team:sre", "post:slack:#deploys"})
    assert why.startswith("Ana Ruiz changed the Slack channel #deploys at")


def test_slack_check_names_channels_that_nothing_can_be_posted_to(world, slack, admin):
    add(admin, DEPLOYS)
    out = StringIO()
    call_command("slack", "check", stdout=out)
    assert "slack:#deploys" not in out.getvalue()

    slack.rooms[DEPLOYS] |= {"is_archived": True}
    with pytest.raises(SystemExit):
        call_command("slack", "check", stdout=out)

    assert out.getvalue().splitlines()[-1] == "  slack:#deploys: The Slack channel is archived. (is_archived)"


def test_page_of_a_policy_says_where_it_posts_and_since_when_nothing_can_be_posted_there(world, slack, admin):
    add(admin, DEPLOYS)
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys", "slack:#nowhere"])])
    SlackRoom.objects.update(fault="The Slack channel is archived. (is_archived)", fault_at=clock.now())
    browser = signed_in(Person.objects.create_superuser("ada@acme.example", PASSWORD, name="Ada Admin"))

    page = text_of(browser.get(f"/admin/approvals/policy/{policy.pk}/change/"))

    assert "slack:#deploys: The Slack channel is archived. (is_archived) Nothing can be posted since " in page
    assert "slack:#nowhere: There is no such channel here: an admin adds it at /setup/slack." in page
    assert browser.get("/admin/approvals/policy/add/").status_code == 200


def test_lint_names_channels_that_nothing_can_be_posted_to(world, slack, admin):
    add(admin, DEPLOYS)
    make_policy(world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys", "slack:#nowhere", "pager:x"])])

    found = [str(finding) for finding in lint_workspace(world.workspace) if finding.code == "place_unfit"]
    assert found == [
        f"infra-changes: gates[0].post: {name}: There is no such channel here: an admin adds it at /setup/slack."
        for name in ("slack:#nowhere", "pager:x")
    ]
    SlackRoom.objects.update(fault="The Slack channel is archived. (is_archived)")
    assert len([finding for finding in lint_workspace(world.workspace) if finding.code == "place_unfit"]) == 3
