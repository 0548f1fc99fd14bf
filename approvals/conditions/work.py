"""How long a condition may take, reckoned beforehand from what it does and how large the facts are. Pure.

Reckoned instead of timed, so that the same condition on the same intent always gets the same answer. The prices were
measured, and are on the high side.
"""

from __future__ import annotations

from approvals.conditions.facts import Sizes
from approvals.conditions.tokens import Counts

MOST_MICROSECONDS = 50_000
LONGEST_LIST = 1_000
STEP, BUILT, PER_BYTE, COMPARED = 0.15, 0.04, 0.003, 0.06


class TooMuchWork(Exception):
    """The condition cannot be decided within the time that it has. The message says why."""


def check_work(counts: Counts, pattern_steps: int, sizes: Sizes) -> None:
    """TooMuchWork if this could take longer than 50 ms. `pattern_steps`: the size of its patterns, when compiled."""
    rounds = 1
    if counts.comprehensions:
        if sizes.entries > LONGEST_LIST:
            raise TooMuchWork(f"A list has {sizes.entries} entries; a condition goes through {LONGEST_LIST} at most.")
        rounds = max(sizes.entries, 1) * (counts.joins + 1) + counts.tokens
    text = (sizes.text + counts.tokens) * (counts.joins + 1)
    a_round = (
        counts.tokens * STEP
        + (counts.scans + counts.joins) * text * PER_BYTE
        + counts.comparisons * sizes.values * COMPARED
        + pattern_steps * text * PER_BYTE / 10
    )
    if rounds * a_round + counts.builds * rounds * rounds * BUILT > MOST_MICROSECONDS:
        raise TooMuchWork("The payload is too large for this condition: it could take longer than 50 ms.")
