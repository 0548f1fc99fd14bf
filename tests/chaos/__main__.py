"""Pulls plugs: `make chaos`, or `python -m tests.chaos [--lives 500] [--only FAULT] [--seed N]`.

For each kind of fault a cluster of its own (PostgreSQL, Redis, two servers, two workers, two beats, agents) lives
through it with 500 lives. Then everything comes to rest, and the rows, the answers and the mails are compared. Exit
code 0 only if nothing was lost, doubled or untrue, and no request took 3 s or more while Redis was at fault. However it
ends, it leaves no process behind.
"""

from __future__ import annotations

import argparse
import os
import random
import sys

from tests import servers
from tests.chaos.faults import FAULTS
from tests.chaos.scenario import run


def main() -> int:
    """A process for each fault, since Django is set up for one database."""
    servers.leave_when_told()
    options = read_options()
    if options.inside:
        return run(options.inside, options.lives, options.rate, options.seed)
    failed = [name for name in options.only or FAULTS if _apart(name, options)]
    print(f"chaos: FAILED under {', '.join(failed)}" if failed else "chaos: all held", flush=True)
    return 1 if failed else 0


def read_options() -> argparse.Namespace:
    """From the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--lives", type=int, default=500, help="per kind of fault")
    parser.add_argument("--rate", type=float, default=10.0, help="lives begun in a second")
    parser.add_argument("--only", action="append", choices=sorted(FAULTS))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def _apart(name: str, options: argparse.Namespace) -> int:
    chosen = ["--lives", str(options.lives), "--rate", str(options.rate), "--seed", str(options.seed)]
    return servers.call([sys.executable, "-m", "tests.chaos", "--inside", name, *chosen], os.environ)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
