"""What a reviewer stumbled over while a page stood open, or in the dark."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import settings

from approvals.services.answer import Answer
from approvals.services.decide import decide
from tests.approvals.browsing import signed_in, text_of
from tests.factories import open_gate

pytestmark = pytest.mark.django_db


def test_open_page_drops_time_left_and_withdrawal_when_somebody_else_closed_the_gate(world: SimpleNamespace) -> None:
    gate = open_gate(world)
    client = signed_in(world.ana)
    page = client.get(f"/gates/{gate.pk}")
    decide(gate.pk, Answer("approved", "done"), world.bo, via="web", strength="signed_in")

    part = text_of(client.get(f"/gates/{gate.pk}/live?v={page.context['version']}&shows=form"))

    assert 'id="left"' in text_of(page)
    assert 'id="withdraw"' in text_of(page)
    assert '<span id="left" hx-swap-oob="true"></span>' in part
    assert '<div id="withdraw" hx-swap-oob="true"></div>' in part


def test_form_values_are_shown_as_json_when_they_are_no_texts(world: SimpleNamespace) -> None:
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}, "tags": {"type": "array"}}}
    gate = open_gate(world, human_task={"title": "T", "task_type": "form", "form_schema": schema})
    decide(gate.pk, Answer("approved", fields={"on": True, "tags": ["a"]}), world.bo, via="web", strength="signed_in")

    page = text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))

    assert "<dd>true</dd>" in page
    assert "<dd>[&quot;a&quot;]</dd>" in page
    assert "<dd>True</dd>" not in page


def test_kept_mail_stands_on_the_canvas_of_its_own_scheme_when_the_page_is_dark() -> None:
    css = (settings.BASE_DIR / "config" / "static" / "countersign" / "app.css").read_text()

    rule = next(line for line in css.splitlines() if line.startswith("iframe.mail"))

    assert "background: Canvas" in rule
