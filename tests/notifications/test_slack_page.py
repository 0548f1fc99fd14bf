"""docs/slack.md, followed to the letter: its commands say what the page shows, its steps lead to a decision in Slack,
and whatever its tables call Countersign's words stands so in the code.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command

from approvals.models import Decision, Membership
from approvals.views.sessions import AT
from intents import clock
from notifications.slack.linking import CODE
from notifications.slack.lookup import look_up_due
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_policy, open_gate
from tests.notifications.slacking import PUBLIC, press, said_to, tell, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "slack.md").read_text()
SHORTEST = 8
EXAMPLES = (
    "Ana Ruiz",
    "Bo Lind",
    "sre",
    "acme/production",
    "approved",
    "a sign-in",
    "it is a guest's",
    "since",
    "im:history[\\w:, ]*",
)
VARIABLE = re.compile(rf"…|\(.*?\)|\d\d:\d\d( [A-Z]+)?( on)?|\b({'|'.join(EXAMPLES)})\b")
"""What differs from case to case stands between the fixed words."""


def shown(command: str) -> list[str]:
    """What the page shows of this command's output, the first time that it does."""
    return str(re.findall(rf"```\n\$ {re.escape(command)}\n(.*?)```", PAGE, re.DOTALL)[0]).splitlines()


def said(act: str) -> str:
    """What `manage.py slack` prints."""
    out = StringIO()
    call_command("slack", act, stdout=out)
    return out.getvalue()


def manifest_of(page: str) -> Any:
    """The manifest in the page's link to Slack."""
    address = re.findall(r'href="(https://api\.slack\.com/apps\?new_app=1[^"]*)"', page)[0]
    return json.loads(parse_qs(urlsplit(unescape(address)).query)["manifest_json"][0])


def sentences() -> list[str]:
    """The fixed words of what the tables say that Countersign says. What is no sentence begins with a small letter."""
    tables = re.findall(r"^\| what it says \|.*?\n\n", PAGE, re.DOTALL | re.MULTILINE)
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()[2:] if row]
    parts = [part.strip(" .:,") for cell in cells for part in VARIABLE.sub(";", cell).split(";")]
    return sorted({part for part in parts if len(part) >= SHORTEST and part[0].isupper()})


@cache
def code() -> str:
    """All texts of the code, as they are read."""
    files = [file for app in ("notifications", "approvals") for file in (ROOT / app).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join([*texts, *(file.read_text() for file in ROOT.glob("templates/**/*.html"))])


@pytest.mark.parametrize("sentence", sentences())
def test_what_the_page_says_that_is_said_stands_so_in_the_code(sentence):
    assert sentence in code()


def test_the_pages_steps_lead_from_nothing_to_a_decision_in_slack(world, slack, settings, time_machine):
    settings.BASE_URL = PUBLIC
    Membership.objects.filter(person=world.bo).update(is_admin=True)
    slack.add_user("UANA", "ana@acme.example", "Ana Ruiz")
    bo, ana = signed_in(world.bo), signed_in(world.ana)
    session = ana.session
    session[AT] = clock.now().timestamp()
    session.save()

    assert manifest_of(text_of(bo.get("/setup/slack"))) == json.loads(said("manifest"))
    secrets = {"bot_token": slack.app.token, "signing_secret": slack.app.secret, "app_token": ""}
    bo.post("/setup/slack", {"workspace": "acme/production", **secrets})
    assert "Slack has not called this server since the set-up." in said("check")

    code = CODE.search(text_of(ana.post("/account/slack/code")))
    assert code
    tell_us(slack, slack.said("UANA", code[0]))
    assert said("check").splitlines() == shown("manage.py slack check")
    look_up_due()
    number = re.findall(r'name="code" value="(\d+)"', text_of(ana.get("/account/slack")))[0]
    ana.post("/account/slack/confirm", {"code": number, "mine": "yes"})
    time_machine.shift(15 * 60)

    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    open_gate(world)
    tell()
    card: Any = slack.to("UANA")[-1]
    press(slack, card, "Approve", "UANA")
    assert said_to(slack, "UANA").startswith("Approved by Ana Ruiz in Slack at 14:17 UTC")
    assert Decision.objects.get().via == "slack"
