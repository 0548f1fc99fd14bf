"""The manifest with which an admin makes the Slack app of this installation in a few clicks. Pure."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

SCOPES = (
    *("channels:history", "channels:read", "chat:write", "commands", "groups:history", "groups:read"),
    *("im:history", "im:write", "users:read"),
)
"""What the bot needs; asked of the token when it is set up."""
BOT_EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
TYPED_EVENTS = ("message.channels", "message.groups", "message.im")
"""What people type; in channels that the app was invited to only answers under a card are looked at."""
ROOM_EVENTS = ("channel_archive", "channel_shared", "channel_unarchive", "channel_unshared", "group_archive")
"""What Slack tells of channels to which requests may be posted. All of them name it as `channel`."""
EVENTS = "/slack/events"
INTERACTIONS = "/slack/interactions"
COMMANDS = "/slack/commands"
COMMAND = "/countersign"
NEW_APP = "https://api.slack.com/apps"


def manifest(base_url: str, *, public: bool) -> dict[str, Any]:
    """Over HTTP where Slack can reach `base_url` (`public`); by Socket Mode, which needs no such address, elsewhere."""
    return {
        "display_information": {
            "name": "Countersign",
            "description": "Asks the right people before a program acts.",
            "background_color": "#1f2937",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Countersign", "always_online": True},
            "slash_commands": [_command(base_url, public=public)],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": _where(base_url + EVENTS, public=public)
            | {"bot_events": [*BOT_EVENTS, *TYPED_EVENTS, *ROOM_EVENTS]},
            "interactivity": {"is_enabled": True} | _where(base_url + INTERACTIONS, public=public),
            "org_deploy_enabled": False,
            "socket_mode_enabled": not public,
            "token_rotation_enabled": False,
        },
    }


def as_json(base_url: str, *, public: bool) -> str:
    """The manifest as it is pasted."""
    return json.dumps(manifest(base_url, public=public), indent=2)


def new_app_url(base_url: str, *, public: bool) -> str:
    """Slack's page for a new app with the manifest filled in."""
    compact = json.dumps(manifest(base_url, public=public), separators=(",", ":"))
    return f"{NEW_APP}?{urlencode({'new_app': 1, 'manifest_json': compact})}"


def _command(base_url: str, *, public: bool) -> dict[str, Any]:
    words = {
        "command": COMMAND,
        "description": "What waits for you, who is on call",
        "usage_hint": "list | show ID | oncall | absent | help",
        "should_escape": True,
    }
    return words | ({"url": base_url + COMMANDS} if public else {})


def _where(url: str, *, public: bool) -> dict[str, str]:
    return {"request_url": url} if public else {}
