"""Words that look like a template's: whoever reads them sees them as they were sent."""

from __future__ import annotations

from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest

from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import KeptMail
from tests.approvals.browsing import signed_in, text_of
from tests.factories import open_gate

TRICKS = ["{{ gate.pk }}", '{% now "Y" %}', "${subject}", "{0.__class__}", "%(title)s", "{subject}"]


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_is_evaluated_when_a_request_looks_like_a_template(
    world: SimpleNamespace, settings: Any, trick: str
) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    gate = open_gate(world, human_task={"title": f"a {trick} b", "description": f"c {trick} d"}, payload={"e": trick})

    announce_due()
    deliver_due()

    page = unescape(text_of(signed_in(world.ana).get(f"/gates/{gate.pk}")))
    assert f"a {trick} b" in page
    assert f"c {trick} d" in page
    mail = KeptMail.objects.filter(to__contains=world.ana.email).get()
    assert f"a {trick} b" in mail.subject
    assert f"c {trick} d" in mail.text
    assert mail.text.count(trick) >= 3
