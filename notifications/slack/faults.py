"""What an error of Slack means for the message: later, or never; and whether the whole app is in trouble. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException

from slack_sdk.errors import SlackApiError, SlackClientError

from approvals.text import one_line
from notifications.channels.base import Dead, Retry

WHY_LIMIT = 300
LONGEST_WISH_SECONDS = 3600
"""A conversation or an app is never closed for longer, whatever is written in an answer's head."""
LIMITED = ("ratelimited", "rate_limited", "message_limit_exceeded")
SLOWER = "Slack asks to slow down."
LATER = (
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "external_channel_migrating",
)
BROKEN = {
    "account_inactive": "The Slack app was removed or switched off: install it again, then set it up anew.",
    "token_revoked": "The bot token was revoked: install the app again and paste its new token.",
    "token_expired": "The bot token has expired: switch token rotation off, install again, paste the new token.",
    "invalid_auth": "Slack does not know this bot token: paste the one under “OAuth & Permissions”.",
    "not_authed": "There is no bot token: paste the one under “OAuth & Permissions”.",
    "missing_scope": "The app lacks a permission: update its manifest from the set-up page, then install it again.",
    "team_access_not_granted": "The app may not act in this Slack team: install it there.",
    "org_login_required": "Slack is moving this team to an organisation: install the app again when that is done.",
    "ekm_access_denied": "The Slack team's owners have suspended its access to messages.",
    "access_denied": "The Slack team's owners do not let the app in.",
    "no_permission": "The bot may not do this: install the app again.",
}
NOBODY = {
    "channel_not_found": "Slack does not know this conversation, or the bot is not in it.",
    "is_archived": "The Slack channel is archived.",
    "not_in_channel": "The bot is not in this Slack channel: invite it.",
    "user_not_found": "Slack does not know this user any more.",
    "user_disabled": "This user's Slack account is switched off.",
    "user_not_visible": "The bot may not see this Slack user.",
    "cannot_dm_bot": "This Slack user is a bot.",
    "messages_tab_disabled": "The app's Messages tab is off: switch it on under “App Home”.",
    "restricted_action": "The Slack team's owners do not let the bot post here.",
    "restricted_action_read_only_channel": "The Slack channel is read-only.",
}
APP_TOKEN = {
    "invalid_auth": "Slack does not know this app-level token: make one under “Basic Information” and paste it.",
    "not_authed": "There is no app-level token: make one under “Basic Information” and paste it.",
    "token_revoked": "The app-level token was revoked: make another one and paste it.",
    "token_expired": "The app-level token has expired: make another one and paste it.",
    "account_inactive": "The Slack app was removed or switched off: install it again, then set it up anew.",
    "missing_scope": "The app-level token lacks connections:write: make another one with it.",
    "not_allowed_token_type": "This is no app-level token: make one under “Basic Information” and paste it.",
}
GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found")


@dataclass(frozen=True)
class Broken(Dead):
    """The app cannot speak at all until an admin mends it."""


FAULTS = (SlackClientError, OSError, HTTPException)
"""What a call of Slack raises when Slack or the network is at fault; URLError and timeouts are OSErrors."""


def fate_of(error: Exception) -> Retry | Dead:
    """The fate of a message whose sending raised one of FAULTS."""
    if isinstance(error, SlackApiError):
        return _answered(error)
    return Retry(0, _words(f"{type(error).__name__}: {error}"), account=True)


def app_token_fate(error: Exception) -> Retry | Dead:
    """The same of opening a connection with an app-level token."""
    code = code_of(error)
    return Dead(f"{APP_TOKEN[code]} ({code})") if code in APP_TOKEN else fate_of(error)


def code_of(error: Exception) -> str:
    """Slack's code of an error, as in `channel_not_found`; "" if Slack did not answer."""
    found = error.response.get("error") if isinstance(error, SlackApiError) else ""
    return str(found or "")


def _answered(error: SlackApiError) -> Retry | Dead:
    status, code = int(error.response.status_code), code_of(error)
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in LIMITED:
        return Retry(_retry_after(error), SLOWER, paced=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in LATER:
        return Retry(0, _words(f"Slack has trouble of its own: {status} {code}"), account=True)
    if code in BROKEN:
        return Broken(f"{BROKEN[code]} ({code})")
    if code in NOBODY:
        return Dead(f"{NOBODY[code]} ({code})")
    details = (error.response.get("response_metadata") or {}).get("messages") or []
    why = _words(f"Slack refuses it: {code} {' '.join(map(str, details))}".rstrip())
    return Dead(why) if code.startswith(("invalid_", "msg_", "too_many_", "no_text")) else Retry(0, why)


def _retry_after(error: SlackApiError) -> float:
    wish = str({name.lower(): value for name, value in error.response.headers.items()}.get("retry-after", ""))
    return min(float(wish), LONGEST_WISH_SECONDS) if wish.isdecimal() else 1.0


def _words(text: str) -> str:
    return one_line(text, WHY_LIMIT)
