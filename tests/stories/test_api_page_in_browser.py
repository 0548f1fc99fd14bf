"""The page that shows the API, in a real browser: drawn under our own policy, from our own files alone."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import CHROMIUM, chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium at /usr/bin/chromium"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page() -> Iterator[Page]:
    """A browser of its own."""
    with chromium() as browser:
        yield browser.new_page()


def test_the_api_can_be_read_and_tried_without_anything_from_elsewhere(
    live_server: Any, world: SimpleNamespace, page: Page
) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{live_server.url}/docs/api")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("Value:").first.fill(world.sender_secret)
    page.locator(".auth-container").first.get_by_role("button", name="Apply credentials").click()
    page.locator(".dialog-ux").get_by_role("button", name="Close", exact=True).last.click()
    operation = page.locator("#operations-capabilities-get_capabilities")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table")).to_contain_text('"supported_intent_types"')
    assert complaints == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
