"""YAML of plain data: what it says, on which line, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.configfile.reading import Unreadable, place, read
from approvals.configfile.writing import difference, write

TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
PLAIN = st.none() | st.booleans() | st.integers(-(10**14), 10**14) | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


def test_times_dates_and_no_stay_texts_when_they_are_not_quoted():
    found = read("at: 18:00\nday: 2026-11-02\nanswer: no\nswitch: on\ncount: 08\nyes: true\n")

    assert found.data == {
        "at": "18:00", "day": "2026-11-02", "answer": "no", "switch": "on", "count": 8, "yes": True,
    }  # fmt: skip


def test_each_part_knows_its_line():
    found = read("policies:\n  - name: a\n    gates:\n      - place: before\n        deadline: 3600\n")

    assert found.line_of(("policies", 0, "gates", 0, "deadline")) == 5
    assert found.line_of(("policies", 0, "gates", 0, "requirement", 2)) == 4
    assert place(("policies", 0, "gates", 1)) == "policies[0].gates[1]"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, "stands here twice"),
        ("a: &x [1]\nb: *x", 1, "Anchors and aliases"),
        ("a: &x [*x]", 1, "Anchors|not YAML"),
        ("- a", 1, "has to be a mapping"),
        ("", 1, "has to be a mapping"),
        ("a: !!python/object/apply:os.system [ls]", 1, "tag"),
        ("a: !!binary aGk=", 1, "tag"),
        ("a: [1", 1, "not YAML"),
        ("a: 123456789012345678901", 1, "quote it"),
        ("a: " + "[" * 60 + "]" * 60, 1, "nested"),
        ("a: " + "[" * 5000, 1, "not YAML|nested"),
        ("? [a]\n: 1", 1, "A name has to be a text"),
        ("a: x\x07y", 1, "not YAML"),
        ("x" * (1024 * 1024 + 1), 1, "larger than"),
    ],
)
def test_what_is_no_plain_mapping_is_refused_with_its_line(text: str, line: int, words: str):
    with pytest.raises(Unreadable, match=words) as refused:
        read(text)

    assert refused.value.line == line


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_reads_as_the_same(document):
    assert read(write(document) if document else "{}").data == document


def test_difference_shows_what_changes_and_nothing_when_nothing_does():
    one, other = {"settings": {"unmatched": "gate"}}, {"settings": {"unmatched": "deny"}}

    assert difference(one, one) == ""
    assert "-settings: {unmatched: gate}\n+settings: {unmatched: deny}\n" in difference(one, other)
