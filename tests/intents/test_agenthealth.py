"""How an agent is, by what is known of it."""

from datetime import UTC, datetime, timedelta

import pytest

from intents.agenthealth import Signs, health_of

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("killed", "silent_minutes", "held", "health"),
    [
        (True, 0, 0, "killed"),
        (True, None, 3, "killed"),
        (False, 0, 0, "healthy"),
        (False, 2, 9, "healthy"),
        (False, 2, 10, "degraded"),
        (False, 3, 0, "degraded"),
        (False, 5, 0, "degraded"),
        (False, 6, 0, "unreachable"),
        (False, 6, 1, "degraded"),
        (False, None, 0, "unreachable"),
        (False, None, 1, "degraded"),
    ],
)
def test_health_follows_from_silence_and_hands(killed, silent_minutes, held, health):
    seen = None if silent_minutes is None else NOW - timedelta(minutes=silent_minutes)

    assert health_of(Signs(killed, seen, held, 10), NOW) == health
