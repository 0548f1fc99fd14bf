from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from approvals.models import ApprovalSettings, Membership
from intents import clock
from intents.models import WorkspaceEntry
from notifications.models import SlackInstallation
from notifications.slack.checking import faults_of, secrets_of
from notifications.slack.installing import note_listening
from notifications.slack.manifest import SCOPES, manifest
from tests.approvals.browsing import signed_in, text_of
from tests.changes import newest
from tests.factories import open_gate
from tests.notifications.slacking import installed

pytestmark = pytest.mark.django_db
PASTED = {
    "workspace": "acme/production",
    "bot_token": "xoxb-1-fake",
    "signing_secret": "0123456789abcdef0123456789abcdef",
    "app_token": "",
}
PUBLIC = "https://countersign.acme.example"


@pytest.fixture
def admin(world):
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    return signed_in(world.ana)


def test_setup_page_is_not_there_for_whoever_is_no_admin(world, slack):
    assert signed_in(world.bo).get("/setup/slack").status_code == 404
    assert signed_in(world.bo).post("/setup/slack", PASTED).status_code == 404
    assert not SlackInstallation.objects.exists()


def test_setup_keeps_the_tokens_encrypted_and_says_so_in_the_chain_when_they_work(world, slack, admin, settings):
    settings.BASE_URL = PUBLIC

    answer = admin.post("/setup/slack", PASTED, follow=True)

    assert "Countersign speaks to Acme now." in text_of(answer)
    row = SlackInstallation.objects.get(workspace=world.workspace)
    assert (row.team_id, row.app_id, row.bot_user_id) == ("T0ACME", "A0COUNTER", "U0COUNTER")
    assert secrets_of(row).bot_token == "xoxb-1-fake"
    assert "xoxb" not in json.dumps(SlackInstallation.objects.values()[0], default=str)
    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("slack_installation.created", "person:ana@acme.example", None)
    assert after["team_id"] == "T0ACME"
    assert "xoxb" not in json.dumps(after)
    assert "sealed_bot_token" not in after


def test_setup_says_at_the_step_that_whoever_saves_cannot_decide_for_a_day_unless_that_is_off(world, slack, admin):
    waits = "Whoever saves here cannot decide for 24 hours"
    assert waits in text_of(admin.get("/setup/slack"))

    ApprovalSettings.objects.update(changers_wait=False)

    assert waits not in text_of(admin.get("/setup/slack"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("invalid_auth", "Slack does not know this bot token"),
        ("account_inactive", "The Slack app was removed or switched off"),
        ("token_revoked", "The bot token was revoked"),
        ("503", "Slack has trouble of its own"),
        ("429 7", "Slack asks to slow down"),
    ],
)
def test_setup_says_what_is_wrong_and_changes_nothing_when_slack_refuses_the_token(world, slack, admin, error, words):
    slack.fail("auth.test", error)

    answer = admin.post("/setup/slack", PASTED)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "xoxb-1-fake" not in text_of(answer)
    assert not SlackInstallation.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("bot_token", "xoxp-1", "A bot token begins with xoxb-"),
        ("bot_token", "xoxb-other", "Slack does not know this bot token"),
        ("bot_token", "xoxb-ü", "A bot token begins with xoxb-"),
        ("signing_secret", "short", "A signing secret has 32 characters"),
        ("app_token", "nonsense", "An app-level token begins with xapp-"),
        ("app_token", "xapp-1-A0OTHER-1", "of another app than the bot token"),
    ],
)
def test_setup_says_which_token_is_wrong_when_one_is(world, slack, admin, settings, field, value, words):
    settings.BASE_URL = PUBLIC

    answer = admin.post("/setup/slack", PASTED | {field: value})

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not SlackInstallation.objects.exists()


def test_setup_names_the_missing_permission_when_the_app_lacks_one(world, slack, admin):
    slack.app.scopes = ",".join(scope for scope in SCOPES if scope != "im:history")

    assert "The app lacks im:history" in text_of(admin.post("/setup/slack", PASTED))


def test_setup_asks_for_an_app_level_token_when_slack_cannot_reach_us(world, slack, admin):
    assert "Socket Mode needs an app-level token" in text_of(admin.post("/setup/slack", PASTED))
    admin.post("/setup/slack", PASTED | {"app_token": "xapp-1-A0COUNTER-fake"})
    assert SlackInstallation.objects.exists()


def test_setup_keeps_what_is_left_empty_when_a_token_is_replaced(world, slack, admin):
    installed(world.workspace, slack)
    slack.app.token = "xoxb-2-fake"

    admin.post("/setup/slack", {"workspace": "acme/production", "bot_token": "xoxb-2-fake"})

    kept = secrets_of(SlackInstallation.objects.get())
    assert (kept.bot_token, kept.signing_secret) == ("xoxb-2-fake", slack.app.secret)
    assert newest(world.workspace)[0] == "slack_installation.changed"


def test_setup_forgets_the_tokens_when_slack_is_switched_off(world, slack, admin):
    installed(world.workspace, slack)

    admin.post("/setup/slack/remove", {"workspace": "acme/production"})

    assert not SlackInstallation.objects.exists()
    assert newest(world.workspace)[0] == "slack_installation.deleted"


def test_whoever_changed_the_slack_app_does_not_decide_on_what_is_sent_within_a_day(world, slack, admin):
    admin.post("/setup/slack", PASTED | {"app_token": "xapp-1-A0COUNTER-fake"})

    gate = open_gate(world)

    assert world.ana.ref in gate.intent.excluded
    assert "changed the Slack app" in gate.intent.texts.plan["kept_out"][world.ana.ref]


def test_manifest_uses_addresses_when_slack_can_reach_them_and_socket_mode_otherwise():
    public, private = manifest(PUBLIC, public=True), manifest("http://127.0.0.1:8000", public=False)

    assert public["settings"]["event_subscriptions"]["request_url"] == f"{PUBLIC}/slack/events"
    assert not public["settings"]["socket_mode_enabled"]
    assert private["settings"]["socket_mode_enabled"]
    assert "127.0.0.1" not in json.dumps(private)


def test_setup_page_offers_socket_mode_also_where_the_address_looks_public(world, slack, admin, settings):
    settings.BASE_URL = PUBLIC

    page = text_of(admin.get("/setup/slack"))

    assert "the same with Socket Mode" in page
    assert "socket_mode_enabled%22%3Atrue" in page
    out = StringIO()
    call_command("slack", "manifest", "--socket", stdout=out)
    assert json.loads(out.getvalue())["settings"]["socket_mode_enabled"]


def test_setup_page_says_that_no_worker_is_connected_when_none_is(world, slack, admin):
    installed(world.workspace, slack)
    SlackInstallation.objects.update(secrets_at=clock.now() - timedelta(hours=1))
    assert "Socket Mode: no worker is connected." in text_of(admin.get("/setup/slack"))
    assert "countersign_slack_unheard 1.0" in text_of(admin.get("/metrics"))

    note_listening(SlackInstallation.objects.get())

    assert "Socket Mode: connected (seen at " in text_of(admin.get("/setup/slack"))
    assert "countersign_slack_unheard 0.0" in text_of(admin.get("/metrics"))


def test_slack_check_says_that_it_works_and_what_is_wrong_when_it_does_not(world, slack):
    out = StringIO()
    call_command("slack", "check", stdout=out)
    installed(world.workspace, slack)
    call_command("slack", "check", stdout=out)
    slack.fail("auth.test", "account_inactive")
    with pytest.raises(SystemExit):
        call_command("slack", "check", stdout=out)

    assert out.getvalue().splitlines() == [
        "No workspace has a Slack app. Set one up at http://127.0.0.1:8000/setup/slack.",
        "acme/production: Acme (T0ACME), works",
        "  Socket Mode: a worker connects within a few seconds of the set-up. Look again.",
        "acme/production: Acme (T0ACME), out of order",
        "  The Slack app was removed or switched off: install it again, then set it up anew. (account_inactive)",
    ]


def test_slack_secrets_are_resealed_when_the_key_changes(world, slack, settings):
    row = installed(world.workspace, slack)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, which is long enough for anybody" * 2
    assert faults_of(row, socket_mode=True) == [
        "The secret cannot be read: SECRET_KEY has changed. Restore it, or set the secret anew."
    ]
    settings.SECRET_KEY_FALLBACKS = [old]
    out = StringIO()

    call_command("reseal", stdout=out)

    settings.SECRET_KEY_FALLBACKS = []
    row.refresh_from_db()
    assert secrets_of(row).bot_token == slack.app.token
    assert "The tokens of 1 Slack app encrypted" in out.getvalue()


def test_setup_of_another_workspace_is_not_there_for_this_ones_admin(world, slack, admin):
    assert admin.get("/setup/slack?workspace=other/production").status_code == 404
    assert WorkspaceEntry.objects.filter(change__startswith="slack").count() == 0
