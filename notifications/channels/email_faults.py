"""What an error of a mail server or provider means for the message: later, or never. Pure."""

from __future__ import annotations

import smtplib
from collections.abc import Callable

from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)

from approvals.text import one_line
from notifications.channels.base import Dead, Fate, Retry

WHY_LIMIT = 300
TOO_MANY = 429
ADDRESS_REFUSED = (400, 406, 422)
"""What providers answer about a recipient that they will not mail. Other 4xx are about our account, or about time."""
PERMANENT = 500
CLOSING = 421


def fate_of(error: Exception, to: str) -> Fate | None:
    """The fate of a message to `to` whose sending raised `error`. None if the error is neither server's nor address's.

    5yz is permanent, 4yz is not (RFC 5321, 4.2.1); trouble on the way to the server is the account's.
    """
    for kind, judge in JUDGES:
        if isinstance(error, kind):
            return judge(error, to)
    return None


def is_turned_away(error: Exception) -> bool:
    """True if the server would not hear of this mail before it was given it, as when it has taken enough over one
    connection (421, or any answer to MAIL): it has nothing of it.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code == CLOSING for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPSenderRefused)


def _recipients(error: smtplib.SMTPRecipientsRefused, to: str) -> Fate:
    code, text = error.recipients.get(to) or next(iter(error.recipients.values()), (0, b""))
    return _by_code(code, text)


def _response(error: smtplib.SMTPResponseException, _to: str) -> Fate:
    return _by_code(error.smtp_code, error.smtp_error)


def _by_code(code: int, text: bytes | str) -> Fate:
    why = _words(f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}")
    return Dead(why) if code >= PERMANENT else Retry(0, why)


def _account(error: Exception, _to: str) -> Fate:
    return Retry(0, _words(f"{type(error).__name__}: {error}"), account=True)


def _address(error: Exception, _to: str) -> Fate:
    return Dead(_words(str(error)))


def _provider(error: AnymailAPIError, to: str) -> Fate:
    status = error.status_code
    if status in ADDRESS_REFUSED:
        return _address(error, to)
    if status == TOO_MANY:
        return Retry(_retry_after(error), _words(str(error)), account=True)
    return _account(error, to)


def _retry_after(error: AnymailAPIError) -> float:
    """The provider's wish in seconds; 0 if it has none that we understand (RFC 9110, 10.2.3)."""
    wish = getattr(error.response, "headers", {}).get("Retry-After", "")
    return float(wish) if wish.isdecimal() else 0.0


def _words(text: str) -> str:
    return one_line(text, WHY_LIMIT)


# The first that fits decides; a refused sender, login or greeting is never held against the recipient.
JUDGES: tuple[tuple[type[Exception], Callable[..., Fate]], ...] = (
    (smtplib.SMTPRecipientsRefused, _recipients),
    (smtplib.SMTPDataError, _response),
    (smtplib.SMTPException, _account),
    (AnymailRecipientsRefused, _address),
    (AnymailInvalidAddress, _address),
    (AnymailAPIError, _provider),
    (AnymailError, _account),
    (AnymailConfigurationError, _account),
    (OSError, _account),
)
