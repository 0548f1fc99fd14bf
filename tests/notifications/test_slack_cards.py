"""What a card shows. Pure apart from the case that it is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from approvals.outcomes import OutcomeClass
from approvals.text import Row
from notifications.content import Content, Fact, Quote, Table
from notifications.places import is_public
from notifications.slack.actions import Decide, action_id, kind_of, pack, unpack
from notifications.slack.blocks import Card, Choice, Frame, card, reply, told
from notifications.slack.richtext import escaped
from notifications.wording import moment
from tests.fakes.slackblocks import all_text, buttons, check_blocks

GATE = uuid4()
CHOICES = (
    Choice(Decide(GATE, "approved", "sha256:1"), OutcomeClass.YES, "Approve"),
    Choice(Decide(GATE, "rejected", "sha256:1"), OutcomeClass.NO, "Reject"),
    Choice(Decide(GATE, "changes_requested", "sha256:1"), OutcomeClass.BACK, "Request changes"),
)
ROWS = (Row("target", "text", "prod-postgres-main"),)


def content(**fields) -> Content:
    plain = {
        "template": "ask",
        "subject": "Approve? Add an index (acme/production), by 15:02 UTC, else not approved",
        "push": "Approve? Add an index on validator, by 15:02 UTC, else not approved",
        "headline": "Approve? “Add an index”",
        "reason": "You are among those who may decide this.",
        "facts": (Fact("Workspace", "acme/production"), Fact("Asked by", "sender (a program)")),
        "url": "https://countersign.acme.example/gates/1",
        "link": "Sign in, look at it and decide",
        "author": "sender",
        "tables": (Table("What it wants to do", ROWS),),
        "quotes": (Quote("Description", "See https://evil.example/x"),),
        "progress": ("sre: 0 of 1 agreed.",),
        "silence": "If nobody answers by 15:02 UTC, this is not approved.",
    }
    return Content(**{**plain, **fields})


def drawn(framed: Frame | None = None, **fields) -> Card:
    made = card(content(**fields), framed or Frame(CHOICES))
    check_blocks(list(made.blocks))
    return made


def labels(made: Card) -> list[str]:
    return [each["text"]["text"] for each in buttons(made.blocks)]


def place(words: str, made: Card) -> int:
    return all_text(list(made.blocks)).index(words)


def test_card_says_verb_object_and_end_in_its_text():
    assert drawn().text == "Approve? Add an index on validator, by 15:02 UTC, else not approved"


def test_card_shows_server_facts_and_payload_before_program_text():
    made = drawn()

    order = ["“Add an index”", "acme/production", "target: prod-postgres-main", "Description", "https://evil.example/x"]
    assert sorted(order, key=lambda words: place(words, made)) == order
    assert "a program's words, unverified" in all_text(list(made.blocks))
    assert "written by sender, a program; unverified" in all_text(list(made.blocks))


def test_card_offers_a_button_for_each_outcome_when_it_shows_everything():
    made = drawn()

    assert made.is_full
    assert labels(made) == ["Approve", "Reject", "Request changes"]
    assert [each.get("style") for each in buttons(made.blocks)] == ["primary", "danger", None]
    assert [kind_of(each["action_id"]) for each in buttons(made.blocks)] == ["decide"] * 3
    assert unpack(buttons(made.blocks)[0]["value"]) == CHOICES[0].decide


@pytest.mark.parametrize(
    "fields",
    [
        {"policy": Quote("The policy says", "p" * 1500, "an admin")},
        {
            "policy": Quote("The policy says", "p" * 900, "an admin"),
            "tables": (Table("T", (Row("a", "text", "x" * 2700),)),),
        },
        {"tables": (Table("What it wants to do", (Row("log", "text", "x" * 4000),)),)},
        {"tables": (Table("What it wants to do", tuple(Row(f"k{n}", "text", "v" * 20) for n in range(300))),)},
        {"tables": (Table("What it wants to do", ROWS, "Long values are cut here."),)},
        {"tables": tuple(Table(f"Earlier result {n}", (Row("a", "text", "b" * 900),)) for n in range(11))},
        {"quotes": (Quote("Description", "y" * 1500),)},
        {"quotes": (Quote("Description", "\u202e" * 500),)},
        {"headline": "\u202e" * 255},
    ],
)
def test_card_that_cannot_show_everything_offers_no_yes_but_a_full_review(fields):
    made = drawn(**fields)

    assert not made.is_full
    assert labels(made) == ["Reject", "Request changes"]
    assert "Not everything fits into this message. Review it in full before you agree." in all_text(list(made.blocks))
    assert "Review in full" in all_text(list(made.blocks))


def test_card_has_no_link_but_the_page_and_no_address_that_decides():
    made = drawn()
    found = [leaf for block in made.blocks for part in block.get("elements", []) for leaf in part.get("elements", [])]

    links = [leaf["url"] for leaf in found if leaf["type"] == "link"]
    assert links == ["https://countersign.acme.example/gates/1"]
    assert not any("url" in each for each in buttons(made.blocks))


def test_card_carries_no_link_and_says_so_when_the_address_is_private():
    made = drawn(Frame(CHOICES, links=False, base_url="http://127.0.0.1:8000"))

    assert "No link: its address is private." in all_text(list(made.blocks))
    assert "/gates/1" not in str(made.blocks)
    assert labels(made) == ["Approve", "Reject", "Request changes"]


def test_card_draws_hidden_characters_and_makes_no_markup_of_program_text():
    nasty = "<!channel> <https://evil.example|click> *bold* @here\u202e\u200b :smile:"
    made = drawn(quotes=(Quote("Description", nasty),), headline=f"Approve? “{nasty}”", push=f"Approve? {nasty}")

    shown = all_text(list(made.blocks))
    assert "⟨U+202E⟩⟨U+200B⟩" in shown
    assert made.text.startswith("Approve? &lt;!channel&gt; &lt;https://evil.example|click&gt;")
    kinds = {leaf["type"] for block in made.blocks for part in block["elements"] for leaf in part.get("elements", [])}
    assert kinds <= {"text", "link"}
    assert "mrkdwn" not in str(made.blocks)


def test_card_sets_in_the_lines_of_a_value_so_that_they_do_not_pass_for_values():
    made = drawn(tables=(Table("What it wants to do", (Row("note", "text", "a\napproved_by: Ana"),)),))

    assert "note: a\n    approved_by: Ana" in all_text(list(made.blocks))


def test_card_shows_earlier_refusals_and_the_readers_own_answer():
    made = drawn(
        Frame(CHOICES, own="You answered “Approved” at 14:03 UTC."), refusals=("Rejected by Bo, 13:00 UTC: no",)
    )

    assert "Refused before, within the last 7 days" in all_text(list(made.blocks))
    assert "Rejected by Bo" in all_text(list(made.blocks))
    assert "You answered “Approved”" in all_text(list(made.blocks))


def test_card_says_what_a_yes_needs_and_what_the_policy_says_next_to_the_buttons():
    made = drawn(
        policy=Quote("The policy says", "Look at the dashboard.", "an admin"),
        conditions=("High risk: a yes is asked for once more.",),
    )

    order = [
        "Description",
        "The policy says",
        "(written by an admin)",
        "Look at the dashboard.",
        "High risk",
        "sre: 0 of 1",
    ]
    assert sorted(order, key=lambda words: place(words, made)) == order
    assert made.is_full


def test_news_in_a_thread_say_all_that_they_tell_and_no_more():
    made = told(content(template="news", quotes=(Quote("The question", "why now?", by="Ana"),)), Frame())

    check_blocks(list(made.blocks))
    words = all_text(list(made.blocks))
    assert "why now?" in words
    assert "(written by Ana)" in words
    assert "acme/production" not in words
    assert "Sign in, look at it and decide" in words


def test_reply_in_a_thread_is_short_and_offers_nothing():
    made = reply(content())

    check_blocks(list(made.blocks))
    assert labels(made) == []
    assert "prod-postgres-main" not in all_text(list(made.blocks))
    assert "The request stands at the top of this thread." in all_text(list(made.blocks))


WORDS = st.text(st.characters(codec="utf-8"), max_size=3000)


@hypothesis_settings(max_examples=60, deadline=None)
@given(WORDS, st.lists(st.tuples(WORDS, WORDS), max_size=20), WORDS, st.lists(WORDS, max_size=12), st.integers(0, 20))
def test_card_is_always_one_that_slack_takes(headline, rows, quote, lines, outcomes):
    many = tuple(
        Choice(Decide(GATE, f"{n}" * 64, "sha256:" + "f" * 64), OutcomeClass.BACK, quote.strip() or "x")
        for n in range(outcomes)
    )
    table = Table("T" * 350, tuple(Row(path, "text", text) for path, text in rows))
    made = card(
        content(
            headline=headline[:275],
            reason=quote,
            push=headline,
            tables=(table,) * 12,
            quotes=(Quote("D", quote),),
            progress=tuple(lines),
            refusals=tuple(lines),
            policy=Quote("The policy says", quote, "an admin"),
            conditions=tuple(lines),
            facts=tuple(Fact("Label", line[:200]) for line in lines[:6]),
        ),
        Frame(many, own="own"),
    )

    check_blocks(list(made.blocks))
    assert len(made.text) <= 40_000


@given(st.text(max_size=300))
def test_text_never_has_markup_of_slack(words):
    assert not {"<", ">"} & set(escaped(words))


@pytest.mark.parametrize(
    "value", ["", "x", "null", "[]", "{}", '{"gate": 1}', '{"gate": "x", "outcome": "a", "digest": "b"}']
)
def test_a_button_value_that_is_not_ours_says_nothing(value):
    assert unpack(value) is None


def test_a_button_says_what_it_does():
    decide = Decide(GATE, "approved", "sha256:" + "f" * 64)

    assert unpack(pack(decide)) == decide
    assert kind_of(action_id("decide", 3)) == "decide"


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://countersign.acme.example", True),
        ("https://8.8.8.8", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("https://10.0.0.5", False),
        ("https://[fd00::1]", False),
        ("https://countersign.internal", False),
        ("https://countersign", False),
        ("https://host.local.", False),
    ],
)
def test_an_address_is_private_when_only_its_own_network_knows_it(url, public):
    assert is_public(url) is public


def test_moments_are_said_in_the_readers_zone_when_it_is_known():
    at = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)

    assert moment(at, at) == "23:30 UTC"
    assert moment(at, at - timedelta(hours=2), ZoneInfo("Europe/Madrid")) == "3 Nov 00:30 CET"
    assert moment(at, at, ZoneInfo("America/Sao_Paulo")) == "20:30 UTC-03"


def framed(*rows: Row) -> tuple[bool, str]:
    """Whether a card with these rows is full and offers a yes, and what stands in their frame."""
    made = drawn(tables=(Table("What it wants to do", rows),))
    assert made.is_full == ("Approve" in labels(made))
    return made.is_full, made.blocks[2]["elements"][1]["elements"][0]["text"]


def test_payload_that_does_not_fit_is_cut_short_so_that_the_buttons_are_near():
    fits, words = framed(Row("note", "text", "y " * 1_700))
    assert (fits, len(words) > 3_000) == (True, True)

    fits, words = framed(Row("note", "text", "y " * 1_900))
    assert (fits, len(words) <= 1_200, words[-1]) == (False, True, "…")

    fits, words = framed(*(Row(f"k[{at}]", "text", "v") for at in range(999)))
    assert (fits, words.splitlines()[-2:]) == (False, ["k[24]: v", "…"])
