"""The way to the mail server or provider, kept open from one mail to the next."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications.channels.email_faults import is_turned_away

READY = 250


class Line:
    """For one thread: opened for the first mail, used for those that follow, given up after any error."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hang_up()

    def send(self, mail: EmailMessage) -> int:
        """Hand it over once; how many mails that were. If a used line turns it away unseen, it goes over a new one."""
        is_used = self._is_usable()
        try:
            return self._hand_over(mail)
        except Exception as error:
            self._hang_up()
            if is_used and is_turned_away(error):
                return self.send(mail)
            raise

    def _hand_over(self, mail: EmailMessage) -> int:
        if self._connection is None:
            self._connection = get_connection()
            self._connection.open()
        return self._connection.send_messages([mail]) or 0

    def _is_usable(self) -> bool:
        """False if it is still to be opened: there was none, or the server does not answer on it any more."""
        if self._connection is None:
            return False
        client = getattr(self._connection, "connection", None)
        with suppress(OSError):  # a server may end a conversation at any time, and no mail is under way now
            if not isinstance(client, smtplib.SMTP) or client.rset()[0] == READY:
                return True
        self._hang_up()
        return False

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # the mails were taken or refused by now; a rude goodbye changes neither
                connection.close()
