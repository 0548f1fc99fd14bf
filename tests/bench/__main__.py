"""`python -m tests.bench [--only SECTION] [--quick] [--write] [--processes N]`: measure, and print the table."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests import servers
from tests.bench import POSTGRESQL

SECTIONS = ("creates", "lives", "waiting", "due", "sweep", "matching", "channels")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=SECTIONS, help="one section; may come several times")
    parser.add_argument("--quick", action="store_true", help="about three minutes, and noisier")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--processes", type=int, default=2, help="web processes (default: 2)")
    options = parser.parse_args(words)
    signal.signal(signal.SIGTERM, servers.leave)
    with (
        tempfile.TemporaryDirectory(prefix="countersign-bench-", ignore_cleanup_errors=True) as folder,
        servers.redis_server() as redis_url,
        servers.postgresql(*POSTGRESQL) as url,
    ):
        environment = {"DATABASE_URL": url, "REDIS_URL": redis_url, "COUNTERSIGN_DATA": folder}
        os.environ |= environment | {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        measure(options, words, Path(folder), url, redis_url)
    return 0


def measure(options: argparse.Namespace, words: list[str], folder: Path, url: str, redis_url: str) -> None:
    """Each section in turn, then the table."""
    import django

    django.setup()
    from tests.bench import channels, clockwork, flow, policies, report, waiting
    from tests.bench.house import house

    run = {
        "creates": flow.creates,
        "lives": flow.lives,
        "waiting": waiting.waiting,
        "due": clockwork.due,
        "sweep": clockwork.sweep,
        "matching": policies.matching,
        "channels": channels.channels,
    }
    begun = time.monotonic()
    rows: list[report.Row] = []
    with house(url, redis_url, folder, options.processes, quick=options.quick) as it:
        for name in options.only or SECTIONS:
            print(f"-- {name}", file=sys.stderr, flush=True)
            for row in run[name](it):
                print(row.line(), file=sys.stderr, flush=True)
                rows.append(row)
        shown = [word for word in words if word != "--write"]
        text = f"{report.circumstances(it, shown, time.monotonic() - begun)}\n\n{report.table(rows)}"
    print(text)
    if options.write:
        report.write(text)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
