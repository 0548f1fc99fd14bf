"""How long to wait before the next connection. Pure."""

from __future__ import annotations

PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
LONGEST = PAUSES[-1]
LONG_LIVED = 30.0


class Pauses:
    """The longer, the more connections in a row have failed or not lived for half a minute."""

    def __init__(self) -> None:
        self._short_lived = 0

    def after(self, lived: float) -> float:
        """Seconds to wait after a connection that has lived for so many seconds; 0 for one that was never there."""
        self._short_lived = 0 if lived >= LONG_LIVED else self._short_lived + 1
        return PAUSES[min(self._short_lived, len(PAUSES) - 1)]
