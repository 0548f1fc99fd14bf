"""An admin in a real browser, from an empty workspace and with only what the pages say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from approvals.models import Chain, Membership, Person, Policy, Team
from tests.browser import CHROMIUM, chromium
from tests.factories import PASSWORD, make_workspace

PEOPLE = ("ana", "bo", "dana", "eve")

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
def page(browser: Browser, live_server, transactional_db: None) -> Iterator[Page]:
    """The first admin of a workspace in which there is nothing yet, signed in."""
    workspace = make_workspace()
    first = Person.objects.create_superuser("ada@acme.example", PASSWORD, name="Ada Admin")
    Membership.objects.create(person=first, workspace=workspace, is_admin=True, can_decide=False)
    complaints: list[str] = []
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/sign-in")
    page.fill("#email", "ada@acme.example")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox")
    yield page
    context.close()
    assert complaints == []


def saved(page: Page) -> None:
    """The page says that it is, and no field complains."""
    expect(page.locator(".messagelist .success")).to_be_visible()
    expect(page.locator(".errornote, .errorlist")).to_have_count(0)


def add_person(page: Page, name: str) -> None:
    page.goto("/admin/approvals/person/add/")
    page.get_by_label("Name:").fill(name.title())
    page.get_by_label("Email:").fill(f"{name}@acme.example")
    page.get_by_label("Password:", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation:").fill(PASSWORD)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Add another Membership").click()
    page.locator("#id_memberships-0-workspace").select_option(label="acme/production")
    page.get_by_role("button", name="Save", exact=True).click()
    saved(page)


def add_team(page: Page, name: str, *people: str) -> None:
    page.goto("/admin/approvals/team/add/")
    page.get_by_label("Workspace:").select_option(label="acme/production")
    page.get_by_label("Name:").fill(name)
    for person in people:
        page.locator("#id_people_from").select_option(label=f"{person.title()} <{person}@acme.example>")
        page.locator("#id_people_add, #id_people_add_link, .selector-add").first.click()
    page.get_by_role("button", name="Save", exact=True).click()
    saved(page)


def step(page: Page, number: int):
    return page.locator(f"#part-{number}")


def test_admin_makes_a_policy_of_two_stages_dry_runs_it_for_sunday_and_sees_it_happen(page: Page):
    for name in PEOPLE:
        add_person(page, name)
    add_team(page, "sre", "ana", "bo")

    # remind every 30 minutes, after 2 hours the backup
    page.goto("/admin/approvals/chain/add/")
    page.get_by_label("Workspace:").select_option(label="acme/production")
    page.get_by_label("Name:").fill("patient")
    step(page, 1).get_by_label("Tell:").fill("team:sre")
    step(page, 1).get_by_label("Remind them after:").fill("30m")
    step(page, 2).locator("summary").first.click()
    step(page, 2).get_by_label("After:", exact=True).fill("2h")
    step(page, 2).get_by_label("Tell:").fill("person:eve@acme.example")
    page.get_by_role("button", name="Save", exact=True).click()
    saved(page)

    # prod migrations need 2 SREs, then the director
    page.goto("/admin/approvals/policy/add/")
    page.get_by_label("Workspace:").select_option(label="acme/production")
    page.get_by_label("Name:").fill("prod-migrations")
    page.get_by_label("Position:").fill("10")
    page.get_by_label("Types of intents:").fill("intent.db.migrate.*")
    page.get_by_label("Only when:").fill("payload.env == 'prod'")
    step(page, 1).get_by_label("Who must agree:").fill("2 of team:sre, person:eve@acme.example")
    step(page, 1).get_by_text("Reminders and escalation").click()
    step(page, 1).get_by_label("Escalation chain:").fill("patient")
    step(page, 2).locator("summary").first.click()
    step(page, 2).get_by_label("Who must agree:").fill("1 of person:dana@acme.example")
    page.get_by_role("button", name="Check, without saving").click()
    expect(page.get_by_text("This will notify 3 people with each request.")).to_be_visible()
    assert not Policy.objects.exists()

    # a dry run of what is not saved yet, for Sunday 03:00
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Try it in a dry run first").click()
    editor, page = page, opened.value
    expect(page.get_by_text("With the draft of the policy prod-migrations")).to_be_visible()
    page.get_by_label("Payload").fill('{"env": "prod"}')
    page.get_by_label("When").fill("Sunday 03:00")
    page.get_by_label("What people do").fill(
        "+1h ana@acme.example approve\n+2h10m eve@acme.example approve\n+3h dana@acme.example approve"
    )
    page.get_by_role("button", name="Play it through").click()
    told = page.locator("#timeline").inner_text()
    expect(page.locator("#timeline-title")).to_contain_text("Ends COMPLETED (approved)")
    assert "Sunday" in told
    moments = page.locator(".moment")
    expect(moments.filter(has_text="03:00")).to_contain_text("Ana, Bo")
    expect(moments.filter(has_text="03:30")).to_contain_text("reminder by email Ana, Bo")
    expect(moments.filter(has_text="04:30")).to_contain_text("reminder by email Bo")
    expect(moments.filter(has_text="05:00")).to_contain_text("Eve")
    expect(moments.filter(has_text="05:10")).to_contain_text("request by email Dana")

    # then it is saved, and listed
    editor.get_by_role("button", name="Save", exact=True).click()
    saved(editor)
    body = Policy.objects.get().versions.get().body
    assert [gate["requirement"] for gate in body["gates"]] == [
        [{"who": ["team:sre", "person:eve@acme.example"], "need": 2}],
        [{"who": ["person:dana@acme.example"], "need": 1}],
    ]
    assert Chain.objects.get().versions.get().body["steps"][0]["remind"] == {"after": 1800, "every": 1800}
    assert Team.objects.get().people.count() == 2
