"""Makes `.venv` from the hashed pins, once: `python3 scripts/environment.py [run|dev|bench]`; dev contains run.

`bench` is another product, to compare with, and lives in an environment of its own, `.venv-bench`.
Invariant: the stamp in an environment exists only while it is whole, and names the pins that it was made from.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import preflight

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
LOG = ROOT / ".venv.log"  # beside it, because making .venv begins with emptying it
SUFFICIENT = {"run": ("run", "dev"), "dev": ("dev",), "bench": ("bench",)}
REPORT_EVERY = 4.0  # seconds
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
INSTALL = ["install", "--progress-bar=off", "--only-binary=:all:", "--no-deps", "--require-hashes", "--requirement"]


def ensure(kind: str) -> None:
    """After this the environment holds at least the pins of `kind`. Costs some milliseconds if it did before."""
    if is_whole(kind):
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        build(kind)
    except KeyboardInterrupt:
        print(f"\ncountersign: stopped while making {name_of(kind)}; the same command starts it again", file=sys.stderr)
        sys.exit(130)


def name_of(kind: str) -> str:
    return ".venv-bench" if kind == "bench" else ".venv"


def python_of(kind: str) -> Path:
    return ROOT / name_of(kind) / "bin" / "python"


def stamp_of(kind: str) -> Path:
    return ROOT / name_of(kind) / "pins.sha256"


def is_whole(kind: str) -> bool:
    if not os.access(str(python_of(kind)), os.X_OK) or not stamp_of(kind).exists():
        return False
    return stamp_of(kind).read_text() in [fingerprint(name) for name in SUFFICIENT[kind]]


def fingerprint(kind: str) -> str:
    return hashlib.sha256(pins(kind).read_bytes()).hexdigest()


def pins(kind: str) -> Path:
    return ROOT / "requirements" / f"{kind}.txt"


def build(kind: str) -> None:
    """Without a stamp an environment is half made, and is made again from nothing; with an old one it is updated."""
    started = time.monotonic()
    lock = claim()
    if is_whole(kind):  # by the builder that held the lock until now
        return
    name, python, stamp = name_of(kind), python_of(kind), stamp_of(kind)
    refuse_link(ROOT / name)
    if not stamp.exists() or not os.access(str(python), os.X_OK):
        preflight.check_venv_modules()
        run(f"making {name}", lock, [sys.executable, "-m", "venv", "--clear", str(ROOT / name)])
    stamp.unlink(missing_ok=True)
    run(f"installing {pins(kind).relative_to(ROOT)}", lock, [str(python), *PIP, *INSTALL, str(pins(kind))])
    stamp.write_text(fingerprint(kind))
    print(f"{name} is ready after {time.monotonic() - started:.0f} s", flush=True)


def refuse_link(folder: Path) -> None:
    """What it leads to belongs to another checkout, and making it anew begins with emptying it."""
    if folder.is_symlink():
        preflight.fail(f"{folder.name} is a link and not up to date: update it where it leads to, or remove the link")


def claim() -> int:
    """One builder at a time. The installer inherits the lock: if its parent is killed, nobody builds over its work."""
    lock = os.open(str(pins("run").parent), os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        preflight.fail("another command is making .venv: wait until it is ready, then the same command again")
    return lock


def run(what: str, lock: int, command: "list[str]") -> None:
    """Runs the command, its output in a log, and says at least every five seconds that it is still at work."""
    started = time.monotonic()
    print(f"{what} ...", flush=True)
    with LOG.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[lock])
    try:
        while not ended(process):
            print(f"{what}: {time.monotonic() - started:.0f} s", flush=True)
    finally:
        process.terminate()
        process.wait()
    if process.returncode != 0:
        preflight.fail(f"{what} failed, {reason()}: see {LOG.relative_to(ROOT)}, then the same command again")


def ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(timeout=REPORT_EVERY)
    except subprocess.TimeoutExpired:
        return False
    return True


def reason() -> str:
    """The last line of the log that says what went wrong."""
    lines = LOG.read_text(errors="replace").split("\n")
    errors = [line for line in lines if line.startswith(("ERROR", "Error"))]
    return (errors or lines)[-1].strip() or "without a word"


if __name__ == "__main__":
    preflight.check_python()
    ensure(sys.argv[1] if len(sys.argv) > 1 else "run")
