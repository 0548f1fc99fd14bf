"""What was measured, as a markdown table."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench import POSTGRESQL
from tests.bench.house import House
from tests.bench.limits import version_of_postgresql

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
PARTS = ("Django", "psycopg", "uvicorn", "celery", "axme")


@dataclass(frozen=True)
class Row:
    """One line of the table: what, ours, the limit of the machine, the peer, and what to know about it."""

    what: str
    ours: str
    limit: str = ""
    peer: str = ""
    note: str = ""

    def line(self) -> str:
        return f"| {self.what} | {self.ours} | {self.limit} | {self.peer} | {self.note} |"


def p(took: list[float], share: float) -> float:
    """The percentile in milliseconds."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")


def spread(took: list[float]) -> str:
    """p50 / p99 in milliseconds."""
    return f"{p(took, 0.5):.1f} / {p(took, 0.99):.1f} ms"


def table(rows: list[Row]) -> str:
    """All rows."""
    lines = ["| what | Countersign | limit: plain SQL | DBOS Transact | notes |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(row.line() for row in rows)])


def circumstances(house: House, words: list[str], seconds: float) -> str:
    """Where and how: machine, versions, what was raised."""
    versions = ", ".join(f"{name} {version(name)}" for name in PARTS)
    command = f"make bench ARGS='{' '.join(words)}'" if words else "make bench"
    system = f"{platform.system()} {platform.release().split('-', maxsplit=1)[0]}"
    return f"""`{command}` on {datetime.now(UTC):%d %B %Y}, {seconds / 60:.0f} minutes.

- Machine: {os.cpu_count()} cores ({processor()}), {memory()} GiB, {system}. The load generator, PostgreSQL, Redis and
  DBOS run on the same cores.
- Python {platform.python_version()}, PostgreSQL {version_of_postgresql()}, {versions}.
- PostgreSQL: {", ".join(POSTGRESQL)}, `synchronous_commit` on. Web processes: {house.processes}.
- Raised or switched off: mail goes nowhere (Django's dummy backend); a thousand parked clients are those of three
  people, as one may hold at most 1,000 streams; requests per minute and open gates of one key are not counted.
  In `channels` mail goes to a server process, the messages to one person in an hour are not limited, people's
  conversations with the bot are known, and Slack's limit of messages for a whole team is not enforced."""


def processor() -> str:
    """As the kernel names it."""
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.processor()


def memory() -> int:
    """GiB."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def write(text: str) -> None:
    """Put it between the two marks of docs/performance.md."""
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        sys.exit(f"{PAGE} has no marks {BEGIN} and {END}")
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")
