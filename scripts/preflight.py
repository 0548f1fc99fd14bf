"""What must be true before anything is installed; each fault is one line with its remedy.

Parses on old Pythons on purpose (3.6), so that they end with a sentence and not with a SyntaxError.
"""

import importlib.util
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

OLDEST, NEWEST = (3, 11), (3, 13)
LOOPBACK = "127.0.0.1"


def fail(sentence: str) -> NoReturn:
    """Ends the program with exit code 1 and one line on stderr."""
    sys.exit(f"countersign: {sentence}")


def check_python() -> None:
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        fail(f"Python 3.11 to 3.13 is needed, this is {found[0]}.{found[1]}: name another, PYTHON=python3.12 make up")


def check_venv_modules() -> None:
    """Debian splits venv off the interpreter; without ensurepip the new environment would have no pip."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    fail(f"this Python cannot make virtual environments: apt install {package} (as root), then the same command again")


def check_port() -> None:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        fail(f"PORT is {text!r}, not a port number: PORT=8001 make up")
    port = int(text)
    with socket.socket() as probe:
        # As the server will do it: connections of a server that has just ended must not count as a busy port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            other = port + 1 if 1024 <= port < 65535 else 8001
            fail(f"port {port} on {LOOPBACK} cannot be used ({error.strerror}): PORT={other} make up")


def check_data_folder() -> None:
    """The folder is made for its owner alone: it will hold keys and the database."""
    folder = Path(os.environ.get("COUNTERSIGN_DATA") or "var")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)):
            pass
    except OSError as error:
        fail(f"data folder {folder} cannot be written ({error.strerror}): COUNTERSIGN_DATA=/another/folder make up")
