"""A real SMTP server in a process of its own. What it does with a mail is written in the recipient's address.

    451@...        451 to RCPT, always                550@...        550 to RCPT
    554@...        554 to DATA                        451-once@...   451 to the first RCPT, then taken
    hang@...       takes the mail, then says nothing  hang-once@...  the same, for the first mail only
    421@...        421 to RCPT, always                vanish-once@.. takes the first mail, and is gone without an answer
    drop@...       takes the mail, then hangs up      full@...       takes the mail, and no other over this connection

Every mail that it takes is a file in its folder; its X-Peer says over which connection it came.
"""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP

FOREVER = 3600


class Handler:
    """Does what the address says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: Counter[str] = Counter()
        self.full: set[Any] = set()
        self.numbers = itertools.count(len(list(folder.glob("*.eml"))))

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if session.peer in self.full:
            return "421 4.7.0 enough over one connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        script = address.partition("@")[0]
        self.seen[address] += 1
        if script == "550":
            return "550 5.1.1 no such person here"
        if script == "421":
            return "421 4.3.2 not now"
        if script == "451" or (script == "451-once" and self.seen[address] == 1):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        address = envelope.rcpt_tos[0]
        script = address.partition("@")[0]
        if script == "554":
            return "554 5.7.1 not wanted"
        number = next(self.numbers)
        known = f"X-Recipient: {address}\r\nX-Peer: {session.peer[1]}\r\n"
        content = known.encode() + envelope.content
        (self.folder / f"{number:04}.part").write_bytes(content)
        (self.folder / f"{number:04}.part").rename(self.folder / f"{number:04}.eml")
        if script == "hang" or (script == "hang-once" and self.seen[address] == 1):
            await asyncio.sleep(FOREVER)
        if script == "full":
            self.full.add(session.peer)
        if script == "drop":
            server.transport.write(b"250 OK\r\n")
        if script == "drop" or (script == "vanish-once" and self.seen[address] == 1):
            server.transport.close()
        return "250 OK"


class SmtpServer:
    """The server's process, as a context manager."""

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> SmtpServer:
        words = [sys.executable, "-m", "tests.fakes.smtp", str(self.folder)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def taken(self) -> list[tuple[str, float]]:
        """The Message-ID of each mail that it took, and when."""
        read = BytesHeaderParser().parsebytes
        return [
            (str(read(file.read_bytes())["Message-ID"]), file.stat().st_mtime) for file in self.folder.glob("*.eml")
        ]

    def mails(self, to: str = "") -> list[EmailMessage]:
        """What it took, in order; only for this address if one is given."""
        files = sorted(self.folder.glob("*.eml"))
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [mail for mail in mails if not to or mail["X-Recipient"] == to]


async def serve(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    handler = Handler(folder)
    server = await loop.create_server(lambda: SMTP(handler, hostname="fake.invalid"), SmtpServer.host, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
