"""What a chain should do, minute by minute and as plainly as it can be said: the fast one is held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from approvals.chains.body import Chain

CLAIM = 15
Said = tuple[int, str, int]
"""Minute, what, and which: a step's place or a reminder's number."""


@dataclass
class SlowChain:
    """All times in minutes. `told[place]`: how long after that step its first message was sent; 5 is too late.

    `held`: the minute itself, or the next opening.
    """

    chain: Chain
    deadline: int
    warn_at: int | None
    told: list[int]
    claims: set[int]
    held: Callable[[int], int]
    said: list[Said] = field(default_factory=list)

    def run(self) -> list[Said]:
        """Everything that happens before the deadline."""
        self.place, self.entered, self.began, self.claimed = -1, 0, 0, False
        self.numbers, self.last, self.sent = 0, -10_000, 0
        for minute in range(self.deadline):
            if self.warn_at is not None and minute == self.warn_at > 0:
                self.said.append((minute, "warn", 0))
            self._tick(minute)
            self.claimed = self.claimed or (minute in self.claims and self.place >= 0)
        return self.said

    def _tick(self, minute: int) -> None:
        start = self.entered + (0 if self.place < 0 else min(self.told[self.place], 5))
        if minute < start:
            return
        if self.place + 1 < self.chain.places and minute >= self._next_step(start):
            self.place, self.entered, self.claimed, self.numbers = self.place + 1, minute, False, 0
            self.said.append((minute, "step", self.place))
        elif self.place >= 0 and self._wants_reminder(minute, start):
            self.numbers, self.last, self.sent = self.numbers + 1, minute, self.sent + 1
            self.said.append((minute, "remind", self.numbers))

    def _next_step(self, start: int) -> int:
        pause = self.chain.pause_before(self.place + 1)
        if pause is None:
            return self.deadline
        wanted = self.held(start + pause // 60)
        return min(self.held(wanted + CLAIM), max(wanted, self.deadline - 1)) if self.claimed else wanted

    def _wants_reminder(self, minute: int, start: int) -> bool:
        remind = self.chain.step_at(self.place).remind
        if remind is None or self.numbers >= remind.most or self.sent >= 20:
            return False
        since = start + remind.after // 60 if self.numbers == 0 else self.last + remind.every // 60
        return minute >= self.held(max(self.held(since), self.last + 1))
