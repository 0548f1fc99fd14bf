"""How long a condition may take, reckoned beforehand from what it does and how large the facts are. Pure.

Reckoned instead of timed, so that the same condition on the same intent always gets the same answer. The prices were
measured, and are on the high side.
"""

from __future__ import annotations

from approvals.conditions.facts import Sizes
from approvals.conditions.tokens import Counts

MOST_MICROSECONDS = 50_000
MOST_TOGETHER = 200_000
LONGEST_LIST = 1_000
STEP, BUILT, PER_BYTE, COMPARED = 0.15, 0.04, 0.003, 0.06


class TooMuchWork(Exception):
    """The condition cannot be decided within the time that it has. The message says why."""


def check_work(counts: Counts, pattern_steps: int, sizes: Sizes, before: float = 0.0) -> float:
    """The microseconds that this could take. `pattern_steps`: the size of its patterns, when compiled.

    TooMuchWork if they are more than 50 ms, or more than 200 ms with those of the conditions weighed `before`.
    """
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
    needed = rounds * a_round + counts.builds * rounds * rounds * BUILT
    if needed > MOST_MICROSECONDS:
        raise TooMuchWork("The payload is too large for this condition: it could take longer than 50 ms.")
    if before + needed > MOST_TOGETHER:
        raise TooMuchWork("The payload is too large for so many conditions: together they could take over 200 ms.")
    return needed
