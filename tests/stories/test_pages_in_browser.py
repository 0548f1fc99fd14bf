"""The pages in a real browser: phones, keyboards, dark rooms, and pages that keep themselves true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from approvals.models import Decision, Membership
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.signin import new_link
from tests.browser import CHROMIUM, chromium
from tests.factories import PASSWORD, gate_rule, make_policy, make_world, open_gate

FORM = {
    "type": "object",
    "required": ["ticket"],
    "properties": {
        "ticket": {"type": "string", "title": "Ticket", "description": "x" * 200},
        "rows": {"type": "integer", "minimum": 1, "maximum": 5000},
        "region": {"enum": ["eu", "us"]},
        "notes": {"type": "string", "maxLength": 2000},
    },
}
LONG = "a_very_long_name_without_any_place_to_break_" * 6

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
    made = make_world()
    Membership.objects.filter(person=made.ana).update(is_admin=True)
    made.ana.is_staff = made.ana.is_superuser = True
    made.ana.save()
    return made


@pytest.fixture
def visit(browser: Browser, live_server: Any, world: Any) -> Iterator[Any]:
    """`visit(width, scheme)`: Ana, signed in by the form, and whatever the console complained about."""
    contexts, complaints = [], []

    def visited(width: int = 1200, scheme: Any = "light") -> Page:
        context = browser.new_context(
            base_url=live_server.url, viewport={"width": width, "height": 850}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in")
        page.fill("#email", "ana@acme.example")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox")
        return page

    yield visited
    for context in contexts:
        context.close()
    assert complaints == []


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_on_a_phone(visit, world, scheme):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    words = {"title": f"Restart {LONG[:200]}", "description": LONG}
    gate = open_gate(world, payload={LONG: LONG, "list": [LONG]}, human_task=words)
    form = open_gate(
        world, human_task={"title": "f", "task_type": "form", "form_schema": FORM, "evidence_required": True}
    )
    done = open_gate(world, human_task={"title": "done"})
    decide(gate.pk, Answer("approved", LONG), world.bo, via="web", strength="signed_in")
    decide(done.pk, Answer("rejected", LONG), world.bo, via="web", strength="signed_in")
    page = visit(390, scheme)

    for path in (
        "/inbox",
        f"/gates/{gate.pk}",
        f"/gates/{form.pk}",
        f"/gates/{done.pk}",
        f"/intents/{done.intent_id}",
        "/mail",
        "/nowhere",
    ):
        page.goto(path)
        assert overflow(page) <= 0, path
    for path in ("/sign-in", f"/welcome/{new_link(world.ana)}", "/welcome/over"):
        page.context.clear_cookies()
        page.goto(path)
        assert overflow(page) <= 0, path


@pytest.mark.once
def test_dark_mode_is_dark(visit, world):
    gate = open_gate(world)
    light, dark = visit(scheme="light"), visit(scheme="dark")

    shades = []
    for page in (light, dark):
        page.goto(f"/gates/{gate.pk}")
        shades.append(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    assert shades == ["rgb(245, 243, 238)", "rgb(19, 21, 25)"]


def test_a_request_is_found_read_and_answered_by_keyboard_alone(visit, world):
    open_gate(world, human_task={"title": "Add an index"})
    page = visit()

    tab_to(page, lambda: "Add an index" in page.evaluate("document.activeElement.innerText"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/gates/*")
    tab_to(page, lambda: page.evaluate("document.activeElement.name") == "outcome")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.value") == "approved"
    tab_to(page, lambda: page.evaluate("document.activeElement.id") == "comment")
    page.keyboard.type("by keyboard")
    tab_to(page, lambda: "Record my answer" in page.evaluate("document.activeElement.innerText"))
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")

    expect(page.locator(".notice.yes")).to_contain_text("Approved by Ana Ruiz in the web inbox")
    assert Decision.objects.get().text.comment == "by keyboard"


def tab_to(page: Page, reached: Any, most: int = 40) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if reached():
            return
    pytest.fail("not reachable by keyboard")


def test_enter_in_a_field_sends_nothing(visit, world):
    gate = open_gate(world, human_task={"title": "f", "task_type": "form", "form_schema": FORM})
    page = visit()
    page.goto(f"/gates/{gate.pk}")
    page.check('input[value="approved"]')

    page.get_by_label("Ticket").fill("OPS-1")
    page.get_by_label("Ticket").press("Enter")
    page.press("#comment", "Enter")
    page.wait_for_timeout(300)

    assert page.url.endswith(f"/gates/{gate.pk}")
    assert not Decision.objects.exists()


def test_inbox_shows_a_new_request_without_a_reload_and_keeps_the_focus(visit, world):
    open_gate(world, human_task={"title": "The first"})
    page = visit()
    page.get_by_role("link", name="The first").focus()
    page.evaluate("window.here = true")

    open_gate(world, human_task={"title": "The second"})

    expect(page.get_by_text("The second")).to_be_visible()
    expect(page).to_have_title("(2) Inbox · Countersign")
    assert page.evaluate("window.here")
    assert "The first" in page.evaluate("document.activeElement.innerText")


def test_gate_keeps_typed_words_while_others_answer_and_shows_the_outcome_at_the_end(visit, world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    page = visit()
    page.goto(f"/gates/{gate.pk}")
    page.fill("#comment", "half a sent")

    decide(gate.pk, Answer("approved", "bo agrees"), world.bo, via="web", strength="signed_in")
    expect(page.locator("#votes")).to_contain_text("bo agrees")
    page.keyboard.type("ence")
    assert page.input_value("#comment") == "half a sentence"
    assert page.evaluate("document.activeElement.id") == "comment"

    decide(gate.pk, Answer("approved", "cy agrees"), world.cy, via="web", strength="signed_in")
    expect(page.locator("#answer")).to_contain_text("No answer is needed any more")
    expect(page.locator("#status")).to_contain_text("Approved by Cy Okafor")
    expect(page.locator("#answer")).to_contain_text("half a sentence")
    assert page.evaluate("document.activeElement.id") == "answer"


def test_signed_out_page_says_so_and_keeps_typed_words(visit, world):
    gate = open_gate(world)
    page = visit()
    page.goto(f"/gates/{gate.pk}")
    page.fill("#comment", "precious")

    page.context.clear_cookies(name="session")

    expect(page.locator("#connection")).to_contain_text("You are signed out")
    assert page.input_value("#comment") == "precious"


@pytest.mark.once
def test_a_fault_brings_its_field_into_view_on_a_phone(visit, world):
    gate = open_gate(world)
    page = visit(390)
    page.goto(f"/gates/{gate.pk}")
    page.check('input[value="rejected"]')

    page.click("text=Record my answer")

    expect(page.locator("#comment")).to_be_focused()
    expect(page.locator("#comment-error")).to_be_in_viewport()
    expect(page.get_by_role("alert")).to_contain_text("Not recorded.")


def test_take_back_works_from_the_page(visit, world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    page = visit(390)
    page.goto(f"/gates/{gate.pk}")
    page.check('input[value="approved"]')
    page.click("text=Record my answer")
    page.get_by_role("button", name="Take it back").click()

    expect(page.locator("#decide")).to_be_visible()
    assert not Decision.objects.filter(taken_back_at=None).exists()


def test_admin_answers_two_gates_through_the_page_between(visit, world):
    gates = [open_gate(world, human_task={"title": f"T{number}"}) for number in range(2)]
    page = visit()
    page.goto("/admin/approvals/gate/")
    page.check("#action-toggle")
    page.select_option('select[name="action"]', "approve")
    page.click('button[name="index"]')
    for gate in gates:
        expect(page.locator(".answers")).to_contain_text(gate.digest[7:19])
    page.fill("#reason", "both checked")
    page.click('input[type="submit"]')

    expect(page.locator("#content")).to_contain_text("2 of 2 recorded")
    assert Decision.objects.filter(person=world.ana, via="admin").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_other_acts_open_and_send_by_the_keyboard_alone_on_a_phone(visit, world, scheme):
    Membership.objects.filter(person=world.ana).update(can_break_glass=True)
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, extend={"who": ["team:sre"], "most": 7200})])
    gate = open_gate(world, requested_by="cy@acme.example")
    page = visit(390, scheme)
    page.goto(f"/gates/{gate.pk}")
    page.evaluate("document.querySelectorAll('details.act').forEach(each => each.open = true)")
    assert overflow(page) <= 0
    page.goto(f"/gates/{gate.pk}")

    page.get_by_text("Ask a question").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Which customers see this?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#questions")).to_contain_text("Which customers see this?")
    expect(page.get_by_role("status").filter(has_text="Your question stands on the gate")).to_be_visible()
