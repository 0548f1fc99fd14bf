import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.text import Row, mixed_script_words, one_line, path_text, payload_rows, visible

HIDDEN = """
    00 07 0D 1B 7F 85 AD 034F 061C 115F 180E 200B 200D 200E 2028 2029 202A 202E 2060 2066 2069 2800 3164 D800 E000 F8FF
    FDD0 FE00 FE0F FEFF FFA0 FFF9 FFFB FFFE FFFF 1FFFE E0001 E0041 E007F E0100 E01EF F0000 10FFFD 10FFFF
"""


@pytest.mark.parametrize("code", [int(digits, 16) for digits in HIDDEN.split()])
def test_visible_writes_a_character_out_when_it_hides_or_reorders(code: int) -> None:
    assert visible(f"a{chr(code)}b") == f"a⟨U+{code:04X}⟩b"


@pytest.mark.parametrize(
    "text", ["", "a\n\tb", "naïve Zürich 東京 Привет שלום", "5 €, 20 µs", "❤️ 1️⃣ 👍🏽", "e\u0301", "\ufffd", "a\u00a0b"]
)
def test_visible_leaves_text_alone_when_everything_in_it_is_drawn(text: str) -> None:
    assert visible(text) == text


def test_visible_folds_windows_line_ends_but_shows_a_lone_return() -> None:
    assert visible("a\r\nb\rc") == "a\nb⟨U+000D⟩c"


def test_visible_shows_selectors_when_they_carry_data_behind_an_emoji() -> None:
    assert visible("😀\ufe0f\ufe01\ufe0e") == "😀\ufe0f⟨U+FE01⟩⟨U+FE0E⟩"


@given(st.text())
def test_visible_leaves_nothing_hidden_and_changes_nothing_the_second_time(text: str) -> None:
    shown = visible(text)

    assert visible(shown) == shown
    assert not [c for c in shown if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")]


def test_visible_shows_a_selector_when_it_follows_plain_punctuation() -> None:
    assert visible("rm -\ufe0frf") == "rm -⟨U+FE0F⟩rf"


def test_one_line_joins_lines_whatever_breaks_them() -> None:
    assert one_line("  a\r\nBcc: b\u2028c\x0bd\x0ce\x85f\t g ") == "a Bcc: b c d e f g"


def test_one_line_cuts_with_an_ellipsis_when_too_long() -> None:
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"
    assert one_line("abcd efg", 6) == "abcd…"
    assert one_line("ab\u202ecdef", 8) == "ab…"


@given(st.text(), st.integers(1, 30))
def test_one_line_is_one_short_line_whatever_the_text(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pay to p\u0430ypal.com now", ["p\u0430ypal"]),
        ("\u0391dmin admin", ["\u0391dmin"]),
        ("p\u200b\u0430y", ["p\u200b\u0430y"]),
        ("p\u0301\u0430y", ["p\u0301\u0430y"]),
        ("\uff50\u0430y", ["\uff50\u0430y"]),
        ("sc\u03ccpe", ["sc\u03ccpe"]),
        ("x1\u0430 x1\u0430", ["x1\u0430"]),
        ("Привет hello κόσμος", []),
        ("foo_\u0431\u0430\u0440 prod-сервер", []),
        ("Δt λx 5μs 3kΩ αβ-test", []),
        ("Zürich naïve 東京tower", []),
        ("plain", []),
    ],
)
def test_mixed_script_words_are_found_when_alphabets_meet_in_one_word(text: str, words: list[str]) -> None:
    assert mixed_script_words(text) == words


def test_payload_rows_show_every_leaf_in_order() -> None:
    payload = {
        "z": 1,
        "db": {"tables": [{"name": "users"}, "x"], "none": {}},
        "a": [],
        "ok": True,
        "no": None,
        "f": 1e21,
        "w": 5.0,
        "s": "",
    }

    assert payload_rows(payload) == [
        Row("z", "number", "1"),
        Row("db.tables[0].name", "text", "users"),
        Row("db.tables[1]", "text", "x"),
        Row("db.none", "empty", "{}"),
        Row("a", "empty", "[]"),
        Row("ok", "boolean", "true"),
        Row("no", "null", "null"),
        Row("f", "number", "1e+21"),
        Row("w", "number", "5"),
        Row("s", "empty", '""'),
    ]


def test_payload_rows_show_hidden_characters_in_names_and_values() -> None:
    assert payload_rows({"a\u202e": "b\u200b"}) == [Row('["a⟨U+202E⟩"]', "text", "b⟨U+200B⟩")]


def test_payload_rows_keep_a_text_in_full_however_long() -> None:
    assert payload_rows(["x" * 100_000])[0].text == "x" * 100_000


@pytest.mark.parametrize("value", [{}, [], "", 0, None, False])
def test_payload_rows_have_one_row_when_the_payload_is_a_leaf(value: object) -> None:
    assert [row.path for row in payload_rows(value)] == [""]


@given(st.lists(st.text() | st.integers(0, 99), max_size=4), st.lists(st.text() | st.integers(0, 99), max_size=4))
def test_path_text_differs_when_the_steps_differ(one: list[str | int], two: list[str | int]) -> None:
    if one != two:
        assert path_text(tuple(one)) != path_text(tuple(two))


def test_path_text_differs_when_a_name_imitates_an_escape() -> None:
    assert path_text(("\u202e ",)) != path_text(("⟨U+202E⟩ ",))


def test_path_text_quotes_a_name_when_it_looks_like_steps() -> None:
    assert path_text(("a.b", "c[0]", "due date", "", 3)) == '["a.b"]["c[0]"].due date[""][3]'
