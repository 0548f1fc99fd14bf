"""How a mail is written out: as Django does it, with less looking for what is not there."""

from __future__ import annotations

import secrets
from email.message import Message
from email.policy import Compat32
from typing import Any

from django.core.mail import EmailMultiAlternatives

LINE = 78
"""A header line that is longer is folded (RFC 5322, 2.1.1)."""


class Plain(Compat32):
    """A short line of plain letters is written as it stands: there is nothing in it to be folded or encoded."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header's line or lines."""
        line = f"{name}: {value}"
        if type(value) is str and len(line) <= LINE and line.isascii() and line.isprintable():
            return f"{line}{self.linesep}".encode()
        return super().fold_binary(name, value)


PLAIN = Plain()


class Mail(EmailMultiAlternatives):
    """Text, and the same as HTML. What parts them is so random that neither has to be searched for it."""

    def message(self, **policy: Any) -> Any:
        """See Django's."""
        made: Message = super().message(**policy)
        made.policy = PLAIN
        made.set_boundary(secrets.token_hex(16))
        return made
