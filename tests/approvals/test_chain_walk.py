"""When a chain is due, against a plain and slow one: pure, so hypothesis may let any time pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.chains.body import MOST_REMINDERS, Chain, Remind, Step
from approvals.chains.hours import Hours
from approvals.chains.walk import Due, Progress, Times, advance, put_off, start
from tests.approvals.slowchain import CLAIM, Said, SlowChain

OPENED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
DEADLINE = 3 * 24 * 60
DAYTIME = Hours("UTC", (0, 1, 2, 3), time(9), time(17))

MINUTES = st.integers(1, 240).map(lambda minutes: minutes * 60)
REMINDS = st.builds(Remind, after=MINUTES, every=MINUTES, most=st.integers(1, 12))
STEPS = st.builds(Step, after=MINUTES, remind=st.none() | REMINDS)
CHAINS = st.builds(
    lambda first, after, rest, repeat, pause, hours: Chain(
        (replace(first, after=after), *rest), repeat, pause, (), hours
    ),
    STEPS,
    st.sampled_from([0, 0, 0, 1800]),
    st.lists(STEPS | st.builds(Step, after=st.none()), max_size=4),
    st.integers(0, 2),
    MINUTES,
    st.none() | st.just(DAYTIME),
)
TOLD = st.lists(st.integers(0, 6), min_size=15, max_size=15)
WARNINGS = st.none() | st.integers(-10, DEADLINE - 1)


def at(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def times(warn_at: int | None = None) -> Times:
    return Times(at(DEADLINE), None if warn_at is None else at(warn_at))


def openings() -> list[int]:
    """For each minute the one at which business is open next."""
    found = [DEADLINE]
    for minute in reversed(range(DEADLINE)):
        moment = at(minute)
        is_open = moment.weekday() in DAYTIME.days and 9 <= moment.hour < 17
        found.append(minute if is_open else found[-1])
    return found[::-1]


OPENINGS = openings()


def told_at(progress: Progress, told: list[int], now: datetime) -> datetime | None:
    if progress.place < 0:
        return None
    moment = progress.entered_at + timedelta(minutes=told[progress.place])
    return moment if moment <= now else None


def said_of(due: Due, now: datetime) -> list[Said]:
    minute = int((now - OPENED).total_seconds() // 60)
    what = [(minute, "warn", 0)] if due.warn else []
    what += [(minute, "step", due.place)] if due.place is not None else []
    return what + ([(minute, "remind", due.remind)] if due.remind else [])


def on_time(chain: Chain, bounds: Times, told: list[int], claims: set[int]) -> list[Said]:
    """What happens when somebody always looks in time."""
    due, progress = start(chain, bounds, OPENED)
    said, now, left = said_of(due, OPENED), OPENED, sorted(claims)
    while (progress.next_at and progress.next_at < bounds.expires_at) or left:
        claim = at(left[0]) if left else bounds.expires_at
        now = min(progress.next_at or claim, claim)
        due, progress = advance(chain, bounds, progress, now, told_at=told_at(progress, told, now))
        said += said_of(due, now)
        if now == claim:
            left.pop(0)
            progress = put_off(chain, bounds, progress, CLAIM * 60, now)
    return said


@given(CHAINS, WARNINGS, TOLD, st.sets(st.integers(0, DEADLINE - 1), max_size=4))
@settings(max_examples=60, deadline=None)
def test_chain_does_what_the_plain_and_slow_one_does_when_somebody_always_looks(chain, warn_at, told, claims):
    def held(minute: int) -> int:
        return OPENINGS[min(minute, DEADLINE)] if chain.hours else minute

    expected = SlowChain(chain, DEADLINE, warn_at, told, claims, held).run()

    assert on_time(chain, times(warn_at), told, claims) == expected


def walk(chain: Chain, bounds: Times, pauses: list[int], told: list[int], spread: float) -> list[tuple[datetime, Due]]:
    """What it asks for when it is looked at after each of these pauses, in seconds; back in time, too, it may go."""
    due, progress = start(chain, bounds, OPENED)
    dues, now = [(OPENED, due)], OPENED
    for pause in pauses:
        now = max(now + timedelta(seconds=pause), OPENED)
        was_due = progress.next_at is not None and now >= progress.next_at
        due, progress = advance(chain, bounds, progress, now, told_at=told_at(progress, told, now), spread=spread)
        assert not was_due or progress.next_at is None or progress.next_at > now, "the next moment is never now"
        dues.append((now, due))
    return dues


PAUSES = st.lists(st.integers(-600, 30_000) | st.integers(1, 400), min_size=1, max_size=60)


@given(CHAINS, WARNINGS, PAUSES, TOLD, st.sampled_from([0.0, 30.0]))
@settings(max_examples=100, deadline=None)
def test_each_step_begins_once_or_is_named_as_skipped_whatever_time_does(chain, warn_at, pauses, told, spread):
    dues = walk(chain, times(warn_at), pauses, told, spread)

    places = [place for _, due in dues if due.place is not None for place in (*due.skipped, due.place)]
    assert places == list(range(len(places)))
    assert len(places) <= chain.places
    assert sum(due.warn for _, due in dues) <= 1


@given(CHAINS, PAUSES, TOLD, st.sampled_from([0.0, 30.0]))
@settings(max_examples=100, deadline=None)
def test_reminders_are_numbered_as_sent_or_skipped_and_never_burst(chain, pauses, told, spread):
    place, number, last, sent = 0, 0, None, Counter[int]()
    for now, due in walk(chain, times(), pauses, told, spread):
        assert not (due.remind and due.place is not None), "one thing at a time"
        if due.place is not None:
            place, number = due.place, 0
        if due.remind:
            assert due.remind == number + due.missed + 1 <= chain.step_at(place).remind.most
            assert last is None or now - last >= timedelta(seconds=60)
            number, last = due.remind, now
            sent[place] += 1

    assert sent.total() <= MOST_REMINDERS


def test_steps_follow_each_other_from_the_first_message_of_each():
    chain = Chain((Step(remind=Remind(1800, 1800, 1)), Step(7200), Step(600)))

    said = on_time(chain, times(), [2, 0, 9], set())

    assert said == [(0, "step", 0), (32, "remind", 1), (122, "step", 1), (132, "step", 2)]


def test_a_step_waits_five_minutes_for_a_message_that_is_not_sent():
    assert on_time(Chain((Step(), Step(3600))), times(), [99, 99], set()) == [(0, "step", 0), (65, "step", 1)]


def test_the_whole_chain_runs_again_as_often_as_it_says():
    chain = Chain((Step(), Step(600)), repeat=2, repeat_after=1200)

    minutes = [minute for minute, _, _ in on_time(chain, times(), [0] * 6, set())]

    assert minutes == [0, 10, 30, 40, 60, 70]


def test_a_claim_puts_the_next_step_off_once_and_a_new_step_anew():
    chain = Chain((Step(), Step(1200), Step(1200)))

    said = on_time(chain, times(), [0] * 3, {5, 6, 40})

    assert said == [(0, "step", 0), (35, "step", 1), (70, "step", 2)]


def test_a_claim_does_not_put_a_step_off_past_the_deadline():
    bounds = Times(at(60))
    due, progress = start(Chain((Step(), Step(3000))), bounds, OPENED)
    _, progress = advance(Chain((Step(), Step(3000))), bounds, progress, at(5))

    progress = put_off(Chain((Step(), Step(3000))), bounds, replace(progress, began_at=OPENED), CLAIM * 60, at(6))

    assert due.place == 0
    assert progress.next_at == at(59)


def test_an_outage_collapses_steps_into_the_current_one_and_names_the_skipped():
    chain = Chain((Step(), Step(600), Step(600), Step(6000)))
    _, progress = start(chain, times(), OPENED)

    due, progress = advance(chain, times(), progress, at(25), told_at=OPENED)

    assert (due.place, due.skipped) == (2, (1,))
    assert progress.next_at > at(25)


def test_a_long_outage_makes_the_first_message_wait_a_moment_of_its_own():
    chain = Chain((Step(remind=Remind(60, 60, 5)),))
    _, progress = start(chain, times(), OPENED)

    waits, progress = advance(chain, times(), progress, at(60), told_at=OPENED, spread=17)
    due, progress = advance(chain, times(), progress, at(60) + timedelta(seconds=17), told_at=OPENED, spread=17)

    assert waits == Due()
    assert due == Due(remind=5, missed=4)
    assert progress.next_at is None


def test_a_sweep_that_is_always_late_still_gets_somewhere():
    chain = Chain((Step(remind=Remind(60, 60, 5)),))
    _, progress = start(chain, times(), OPENED)
    dues = []
    for hour in range(1, 5):
        due, progress = advance(chain, times(), progress, at(60 * hour), told_at=OPENED, spread=17)
        dues.append(due.remind)

    assert any(dues)


def test_the_warning_comes_once_and_a_gate_that_is_shorter_than_it_has_none():
    assert on_time(Chain(), times(100), [0], set()) == [(0, "step", 0), (100, "warn", 0)]
    assert on_time(Chain(), times(-1), [0], set()) == [(0, "step", 0)]


def test_a_chain_of_one_quiet_step_has_no_moment():
    assert start(Chain(), times(), OPENED)[1].next_at is None


def test_a_chain_that_begins_again_counts_the_reminders_that_were_sent():
    chain = Chain((Step(remind=Remind(60, 60, 20)),))
    sent = Progress(OPENED, place=0, began_at=OPENED, reminders=MOST_REMINDERS, reminded_at=at(30))

    due, progress = start(chain, times(), at(40), sent)

    assert (due.place, progress.reminders, progress.next_at) == (0, MOST_REMINDERS, at(41))
    assert advance(chain, times(), progress, at(50), told_at=at(40))[0] == Due()
