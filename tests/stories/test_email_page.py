"""docs/email.md, followed to the letter: its commands are taken from the page and run against a real SMTP server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.smtp import SmtpServer
from tests.live import ROOT, environment, free_port, serving

PAGE = (ROOT / "docs" / "email.md").read_text()
WHERE = "https://sign.example.com"
pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.django_db(transaction=True)]


def command(beginning: str) -> str:
    """The line of the page that begins so, as one would paste it."""
    (line,) = re.findall(rf"^ *({re.escape(beginning)}.*)$", PAGE, re.MULTILINE)
    return str(line)


def setting(name: str) -> str:
    """What the page gives as this setting's example."""
    return str(re.findall(rf"`{name}='?([^'`]+)'?`", PAGE)[0])


@pytest.fixture
def smtp(tmp_path: Any) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path) as server:
        yield server


def run(line: str, **more: str) -> subprocess.CompletedProcess[str]:
    words = line.replace(".venv/bin/python", sys.executable)
    return subprocess.run(words, shell=True, cwd=ROOT, env=environment(**more), capture_output=True, text=True)


def test_test_mail_of_the_page_arrives_from_the_pages_sender_or_says_why_not(smtp):
    line = command(".venv/bin/python manage.py sendtestemail")
    sender = setting("DEFAULT_FROM_EMAIL")
    good = run(line, EMAIL_URL=f"smtp://{smtp.host}:{smtp.port}", DEFAULT_FROM_EMAIL=sender)
    bad = run(line, EMAIL_URL=f"smtp://{smtp.host}:{free_port()}", DEFAULT_FROM_EMAIL=sender)

    assert (good.returncode, good.stdout + good.stderr) == (0, "")
    (mail,) = smtp.mails("you@example.com")
    assert mail["From"] == sender
    assert bad.returncode != 0
    assert "ConnectionRefusedError" in bad.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_reports_of_a_provider_are_taken_with_the_pages_secret_and_refused_without(tmp_path, smtp):
    (secret,) = re.findall(r'`"WEBHOOK_SECRET": "([^"]+)"`', PAGE)
    mail = {"EMAIL_URL": f"smtp://{smtp.host}:{smtp.port}", "MAIL_EVENTS": setting("MAIL_EVENTS")}
    anymail = {"ANYMAIL": json.dumps({"WEBHOOK_SECRET": secret})}
    line = command("curl -i -u countersign:wrong")
    with serving(tmp_path, REDIS_URL="", **mail, **anymail) as live:
        wrong = run(line.replace(WHERE, live.url))
        right = run(line.replace(WHERE, live.url).replace("countersign:wrong", secret).replace("{}", BOUNCE))
        other = run(line.replace(WHERE, live.url).replace("/postmark", "/mailgun"))

    assert line.endswith("# 403")
    assert wrong.stdout.startswith("HTTP/1.1 403"), wrong
    assert right.stdout.startswith("HTTP/1.1 200"), right
    assert other.stdout.startswith("HTTP/1.1 404"), other


BOUNCE = json.dumps({"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "MessageID": "none of ours"})
