"""`manage.py up`: the embedded mode. Migrates, makes the sample workspace, serves, and says what to do next."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from approvals.services.signin import new_link
from config import embedded, firstrun
from config.management.commands.serve import Server, configured

SAY_EVERY_SECONDS = 4
AGENT = settings.BASE_DIR / "examples" / "sample_agent.py"


class Command(BaseCommand):
    """Serve on loopback until Ctrl-C."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Blocks. One data folder belongs to one process."""
        if settings.PRODUCTION:
            raise CommandError("This is the embedded mode. In production run `manage.py serve` and the workers.")
        files = firstrun.Files(settings.DATA_DIR)
        os.umask(0o077)  # the database holds sessions: whoever reads it could decide as somebody else
        try:
            with only_one(files.folder):
                with saying("starting"):
                    link = prepared(files)
                self.serve(files, link)
        except KeyboardInterrupt:  # while starting, or a second time while stopping
            sys.exit("Stopped at once. Nothing is lost: `make up` goes on where this was.")

    def serve(self, files: firstrun.Files, link: str) -> None:
        """Web, worker, beat and sample agent, until somebody stops us."""
        agents: list[subprocess.Popen[bytes]] = []
        embedded.start()
        connection.ensure_connection()  # kept open: SQLite folds its log into the file whenever the last one closes
        try:
            Announcing(lambda: agents.extend(self.ready(files, link)), lambda: end(agents)).run()
        finally:
            stop(agents)
            embedded.stop()
            self.stdout.write("Stopped. Nothing is lost: `make up` goes on where this was.")

    def ready(self, files: firstrun.Files, link: str) -> Iterator[subprocess.Popen[bytes]]:
        """The server listens: start the sample agent and print what a newcomer needs."""
        with_agent = os.environ.get("SAMPLE_AGENT", "1") != "0"
        if with_agent:
            yield subprocess.Popen([sys.executable, str(AGENT), str(files.keys)], stdin=subprocess.DEVNULL)
        self.stdout.write(banner(link, files.folder, with_agent=with_agent))
        self.stdout.flush()


class Announcing(Server):
    """A server that calls back once it listens, and when it is asked to stop."""

    def __init__(self, on_ready: Callable[[], None], on_exit: Callable[[], None]) -> None:
        super().__init__(configured("127.0.0.1", settings.PORT))
        self._on_ready = on_ready
        self._on_exit = on_exit

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The agent goes first, so that it does not miss the server."""
        self._on_exit()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def prepared(files: firstrun.Files) -> str:
    """Migrate, and make what the first start makes. Returns a fresh sign-in link."""
    call_command("migrate", verbosity=0, interactive=False)
    person = firstrun.prepare(files)
    return f"{settings.BASE_URL}/welcome/{new_link(person)}"


def banner(link: str, folder: Path, *, with_agent: bool) -> str:
    """The end of the output: sign in, what to type next, where the mail is, how to stop and start over."""
    here = Path.cwd()
    default = folder == here / "var"
    data = f"COUNTERSIGN_DATA={quote(str(folder))}"
    demo = "make demo" if default else f"{data} make demo"
    reset = "make reset" if default else f"{data} make reset"
    agent = "the sample agent is listening" if with_agent else "without the sample agent"
    return "\n".join(
        (
            "",
            f"Countersign is ready at {settings.BASE_URL} ({agent}).",
            "",
            f"  Sign in (once, within 15 minutes):  {link}",
            f"  Then, in a second terminal:         {demo}",
            f"  Mail that would have been sent:     {settings.BASE_URL}/mail",
            f"  Keys, passwords and tokens:         {folder}/first-run.json and people.json",
            f"  Stop: Ctrl-C.  Start over: stop, then {reset}.",
            "",
        )
    )


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the data folder. CommandError if another process does."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                f"Countersign already runs on {folder}. Stop it, or set COUNTERSIGN_DATA to another folder."
            ) from error
        yield


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Print a line every few seconds while the block runs."""
    done = threading.Event()
    began = time.monotonic()

    def say() -> None:
        print(f"Countersign: {what} …", flush=True)
        while not done.wait(SAY_EVERY_SECONDS):
            print(f"Countersign: still {what} ({time.monotonic() - began:.0f} s)", flush=True)

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask the children that we started to end."""
    for child in children:
        with suppress(ProcessLookupError):
            child.terminate()


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    """End them, and see that they are gone."""
    end(children)
    for child in children:
        try:
            child.wait(3)
        except subprocess.TimeoutExpired:
            child.kill()
