from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from anymail.exceptions import AnymailAPIError, AnymailInvalidAddress, AnymailRecipientsRefused

from notifications.channels.base import Dead, Retry
from notifications.channels.email_faults import fate_of, is_turned_away
from notifications.deliver import LAST_START


def reply(kind, code: int):
    return kind({"ana@x": (code, b"words")}) if kind is smtplib.SMTPRecipientsRefused else kind(code, b"words")


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (reply(smtplib.SMTPRecipientsRefused, 550), Dead("550 words")),
        (reply(smtplib.SMTPRecipientsRefused, 450), Retry(0, "450 words")),
        (reply(smtplib.SMTPDataError, 554), Dead("554 words")),
        (reply(smtplib.SMTPDataError, 451), Retry(0, "451 words")),
        (AnymailRecipientsRefused("bounced before"), Dead("bounced before")),
        (AnymailInvalidAddress("no @"), Dead("no @")),
    ],
)
def test_fate_of_a_refusal_is_what_its_code_says(error, fate):
    assert fate_of(error, "ana@x") == fate


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPSenderRefused(550, b"not you", "us@x"),
        reply(smtplib.SMTPAuthenticationError, 535),
        reply(smtplib.SMTPConnectError, 554),
        smtplib.SMTPServerDisconnected("gone"),
        ConnectionRefusedError("no"),
        TimeoutError("timed out"),
        AnymailAPIError("no answer"),
    ],
)
def test_fate_of_trouble_on_the_way_is_the_accounts(error):
    fate = fate_of(error, "ana@x")

    assert isinstance(fate, Retry)
    assert fate.account


class Answered:
    """A provider's answer, as far as errors look at it."""

    reason = "reason"
    text = "text"

    def __init__(self, **headers: str) -> None:
        self.headers = headers

    def json(self) -> dict[str, str]:
        return {}


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Dead), (422, Dead), (401, Retry), (403, Retry), (429, Retry), (503, Retry)]
)
def test_fate_of_a_providers_answer_follows_its_status(status, kind):
    assert isinstance(fate_of(AnymailAPIError("no", status_code=status, response=Answered()), "ana@x"), kind)


def test_fate_waits_as_long_as_the_provider_asks():
    error = AnymailAPIError("slow down", status_code=429, response=Answered(**{"Retry-After": "90"}))

    fate = fate_of(error, "ana@x")

    assert isinstance(fate, Retry)
    assert fate.after_seconds == 90


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (smtplib.SMTPSenderRefused(421, b"enough", "us@x"), True),
        (smtplib.SMTPSenderRefused(452, b"enough", "us@x"), True),
        (reply(smtplib.SMTPRecipientsRefused, 421), True),
        (reply(smtplib.SMTPRecipientsRefused, 450), False),
        (reply(smtplib.SMTPDataError, 421), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (TimeoutError("timed out"), False),
        (AnymailAPIError("no answer"), False),
    ],
)
def test_a_mail_is_turned_away_only_when_the_server_can_have_nothing_of_it(error, is_so):
    assert is_turned_away(error) is is_so


def test_fate_is_none_when_the_fault_is_our_own():
    assert fate_of(TypeError("ours"), "ana@x") is None


def test_nothing_that_is_begun_outlasts_its_claim_when_a_provider_neither_connects_nor_answers_in_time(settings):
    """`requests` waits so long for each of the two."""
    assert timedelta(seconds=2 * settings.ANYMAIL["REQUESTS_TIMEOUT"]) <= LAST_START
