"""When a gate reminds and escalates: pure, so hypothesis may let any time pass."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.chain import Chain, Due, Progress, advance, start

OPENED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAUSES = st.lists(st.integers(0, 4000), min_size=1, max_size=40)
CHAINS = st.builds(
    Chain,
    remind_after=st.integers(60, 1200),
    remind_interval=st.none() | st.integers(60, 1200),
    max_reminders=st.integers(1, 6),
    escalate_to=st.sampled_from([(), ("team:leads",)]),
)


def at(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def walk(chain: Chain, pauses: list[int], spread: float = 0.0) -> list[Due]:
    """What the chain asks for when it is looked at after each of these pauses."""
    progress, now, dues = start(chain, OPENED), OPENED, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        due, progress = advance(chain, progress, now, spread)
        dues.append(due)
    return dues


def on_time(chain: Chain) -> list[tuple[float, Due]]:
    """Seconds since the opening and what was due, when somebody always looks in time."""
    progress, seen = start(chain, OPENED), []
    while progress.next_at is not None:
        moment = progress.next_at
        due, progress = advance(chain, progress, moment)
        seen.append(((moment - OPENED).total_seconds(), due))
    return seen


def test_chain_reminds_at_its_interval_and_then_escalates():
    chain = Chain(remind_after=300, remind_interval=60, max_reminders=2, escalate_to=("team:leads",))

    assert on_time(chain) == [(300, Due(remind=1)), (360, Due(remind=2)), (420, Due(escalate=True))]


def test_chain_reminds_at_the_first_interval_when_no_other_is_given():
    assert [seconds for seconds, _ in on_time(Chain(remind_after=100, max_reminders=3))] == [100, 200, 300]


def test_chain_without_reminders_and_escalation_has_no_moment():
    assert start(Chain(), OPENED) == Progress()


def test_chain_does_nothing_before_its_moment():
    chain = Chain(remind_after=300)
    begun = start(chain, OPENED)

    assert advance(chain, begun, at(299)) == (Due(), begun)


def test_chain_collapses_the_reminders_that_an_outage_swallowed():
    chain = Chain(remind_after=60, remind_interval=60, max_reminders=5)

    due, progress = advance(chain, start(chain, OPENED), at(185))

    assert due == Due(remind=3, skipped=2)
    assert progress.next_at == at(185 + 60)


def test_chain_spreads_the_first_reminder_after_a_long_outage_and_still_says_what_was_skipped():
    chain = Chain(remind_after=60, remind_interval=60, max_reminders=5)

    waits, progress = advance(chain, start(chain, OPENED), at(3600), spread=17)
    due, progress = advance(chain, progress, at(3617), spread=17)

    assert waits == Due()
    assert due == Due(remind=5, skipped=4)
    assert progress.next_at is None


@given(CHAINS, PAUSES, st.sampled_from([0.0, 30.0]))
@settings(max_examples=80)
def test_chain_takes_at_most_one_step_each_time_and_never_more_reminders_than_promised(chain, pauses, spread):
    dues = walk(chain, pauses, spread)

    numbers = [due.remind for due in dues if due.remind]
    assert all(not (due.remind and due.escalate) for due in dues)
    assert numbers == sorted(set(numbers))
    assert all(number <= chain.max_reminders for number in numbers)


@given(CHAINS, PAUSES, st.sampled_from([0.0, 30.0]))
@settings(max_examples=80)
def test_chain_numbers_every_reminder_as_sent_or_skipped(chain, pauses, spread):
    dues = walk(chain, pauses, spread)

    sent, last = 0, 0
    for due in dues:
        if due.remind:
            assert due.remind == last + due.skipped + 1
            last, sent = due.remind, sent + 1
    assert sent <= last <= chain.max_reminders


@given(CHAINS, PAUSES, st.sampled_from([0.0, 30.0]))
@settings(max_examples=80)
def test_chain_escalates_once_and_only_after_the_last_reminder(chain, pauses, spread):
    dues = walk(chain, pauses, spread)

    escalations = [place for place, due in enumerate(dues) if due.escalate]
    assert len(escalations) <= (1 if chain.escalate_to else 0)
    for place in escalations:
        assert max(due.remind for due in dues[:place]) == chain.max_reminders
        assert not any(due.remind for due in dues[place:])


@given(CHAINS, st.integers(301, 10**6))
@settings(max_examples=60)
def test_chain_sends_no_burst_after_an_outage(chain, late):
    progress = start(chain, OPENED)
    first = chain.remind_after + late
    sent = 0
    for second in range(first, first + 60):
        due, progress = advance(chain, progress, at(second), spread=20)
        sent += bool(due.remind)

    assert sent <= 1
