"""Who must agree, and whether they have: pure, so hypothesis may try everything."""

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.outcomes import OutcomeClass
from approvals.requirement import Line, tally

YES, NO, BACK = OutcomeClass.YES, OutcomeClass.NO, OutcomeClass.BACK
PEOPLE = "abcdef"

lines = st.lists(
    st.builds(
        lambda people, need: Line(("team:x",), need, people),
        st.frozensets(st.sampled_from(PEOPLE)),
        st.integers(1, 4),
    ),
    max_size=3,
)
votes = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(OutcomeClass))


def line(people: str, need: int = 1) -> Line:
    return Line(("team:x",), need, frozenset(people))


def test_tally_is_yes_when_each_line_is_met():
    both = [line("ab"), line("cd", 2)]

    assert tally(both, 1, {"a": YES, "c": YES}).result is None
    assert tally(both, 1, {"a": YES, "c": YES, "d": YES}).result == YES


def test_tally_gives_one_person_one_seat_in_each_line_they_fit():
    counted = tally([line("ab"), line("a")], 1, {"a": YES})

    assert [each.have for each in counted.lines] == [1, 1]
    assert counted.result == YES


def test_tally_is_no_when_the_rejections_are_reached():
    assert tally([line("abcd")], 2, {"a": NO}).result is None
    assert tally([line("abcd")], 2, {"a": NO, "b": NO}).result == NO


def test_tally_is_no_as_soon_as_a_line_has_become_impossible():
    assert tally([line("ab", 2)], 5, {"a": NO}).result == NO


def test_tally_stays_open_when_a_team_merely_shrank():
    assert tally([line("a", 2)], 1, {"a": YES}).result is None


def test_tally_is_back_at_the_first_vote_that_sends_it_back():
    assert tally([line("ab")], 1, {"b": BACK}).result == BACK


def test_tally_without_lines_never_says_yes():
    assert tally([], 1, {"a": YES}).result is None


def test_tally_does_not_count_a_refusal_by_somebody_without_a_seat():
    assert tally([line("ab")], 1, {"z": NO}).result is None


@given(lines, st.integers(1, 3), votes)
def test_tally_says_yes_only_if_each_line_has_enough_different_people(lines, rejections, votes):
    counted = tally(lines, rejections, votes)

    agreed = {person for person, cls in votes.items() if cls == YES}
    met = bool(lines) and all(len(agreed & each.people) >= each.need for each in lines)
    if counted.result == YES:
        assert met


@given(lines, st.integers(1, 3), votes, st.sampled_from(PEOPLE))
@settings(max_examples=60)
def test_tally_never_loses_a_yes_when_one_more_person_agrees(lines, rejections, votes, extra):
    before = tally(lines, rejections, votes).result

    after = tally(lines, rejections, {**votes, extra: votes.get(extra, YES)}).result

    if before is not None:
        assert after == before


@given(lines, st.integers(1, 3), votes)
@settings(max_examples=60)
def test_tally_stays_open_while_nobody_has_refused_and_a_line_lacks_people(lines, rejections, votes):
    only_yes = {person: cls for person, cls in votes.items() if cls == YES}

    counted = tally(lines, rejections, only_yes)

    assert counted.result in (None, YES)
