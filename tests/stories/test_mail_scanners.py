"""What a mail scanner may do: open everything, run scripts, follow links, click, and submit forms as found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from approvals.models import Decision
from intents import clock
from intents.models import Event
from notifications.maillinks.links import decide_url
from tests.browser import CHROMIUM, chromium
from tests.factories import gate_rule, make_policy, make_world, open_gate

MOST_PAGES = 12
MOST_ATTEMPTS = 5
GONE = 3000  # milliseconds, after which the page has been left by a click before this one
CLICKABLE = 'input[type="radio"], input[type="checkbox"], label, button, summary, [onclick], [role="button"]'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium at /usr/bin/chromium"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the module."""
    with chromium() as one:
        yield one


@pytest.fixture
def world(transactional_db: None) -> Any:
    return make_world()


@pytest.fixture
def page(browser: Browser, live_server: Any, settings: Any) -> Iterator[Page]:
    """A fresh browser, as a scanner or a person has it."""
    settings.BASE_URL = live_server.url
    context = browser.new_context(base_url=live_server.url)
    yield context.new_page()
    context.close()


def scan(page: Page, address: str) -> list[str]:
    """Open it and all that it leads to; on each page submit the forms as found, then click all there is."""
    seen: list[str] = []
    waiting = [address]
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        go(page, path)
        seen.append(path)
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        waiting += [link for link in links if link.split("#")[0] not in [*seen, *waiting] and "#" not in link]
        for attempt in (submit_as_found, click_everything):
            go(page, path)
            attempt(page)
    return seen


def go(page: Page, path: str) -> None:
    """Though clicks before it may still be on their way somewhere, which ends this navigation."""
    for _ in range(50):
        with suppress(Error):
            page.goto(path)
            return
        page.wait_for_timeout(100)
    page.goto(path)


def submit_as_found(page: Page) -> None:
    for number in range(page.locator("form").count()):
        with page.expect_navigation(wait_until="load"):
            page.evaluate("number => document.forms[number].submit()", number)
        page.go_back()


def click_everything(page: Page) -> None:
    """Each click may lead away, at once or a little later: then back, and on with the next."""
    here = page.url
    for number in range(page.locator(CLICKABLE).count()):
        for _ in range(MOST_ATTEMPTS):
            if page.url != here:
                go(page, here)
                click_choices(page)
            with suppress(Error):
                page.locator(CLICKABLE).nth(number).dispatch_event("click", timeout=GONE)
                page.wait_for_load_state()
                break
        else:
            raise AssertionError(f"number {number} of {here} could not be clicked")


def click_choices(page: Page) -> None:
    for number in range(page.locator('input[type="radio"]').count()):
        page.locator('input[type="radio"]').nth(number).dispatch_event("click")


@pytest.mark.parametrize("lets_pass", [False, True], ids=["as it is by default", "where a yes by link is taken"])
def test_scanner_that_opens_clicks_and_submits_everything_decides_nothing_and_the_link_still_works(
    page, browser, live_server, world, lets_pass
):
    if lets_pass:
        make_policy(world.workspace, gates=[gate_rule("team:sre", strength="link", risk="low")])
    gate = open_gate(world, human_task={"title": "Add an index"})
    link = decide_url(world.ana, gate, clock.now())
    events = Event.objects.count()

    seen = scan(page, link)

    assert any("/by-mail/" in page.url or "/by-mail" in path for path in seen)
    assert not Decision.objects.exists()
    assert Event.objects.count() == events

    person = browser.new_context(base_url=live_server.url).new_page()
    person.goto(link)
    assert re.fullmatch(rf".*/by-mail/{gate.pk}", person.url)
    person.check('input[value="rejected"]')
    person.fill("#comment", "not this week")
    person.click("text=Record my answer")
    expect(person.locator("h1")).to_contain_text("Your answer is recorded")
    person.context.close()
    decision = Decision.objects.get()
    assert (decision.outcome, decision.person, decision.text.comment) == ("rejected", world.ana, "not this week")


def test_page_of_a_link_fits_a_phone_and_obeys_its_policy(page, world):
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    gate = open_gate(world, human_task={"title": "x" * 200}, payload={"a" * 200: "b" * 500})
    page.set_viewport_size({"width": 390, "height": 850})

    page.goto(decide_url(world.ana, gate, clock.now()))

    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert complaints == []
