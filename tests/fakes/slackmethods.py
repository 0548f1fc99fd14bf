"""What each method of the fake Slack does, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.slackblocks import BadBlocks, check_blocks, check_view

TEXT_LIMIT = 40_000


class Refused(Exception):
    """Slack says `ok: false` with this code."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(code)
        self.code, self.why = code, why


def auth_test(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    app = slack.app
    return {
        "team_id": app.team_id,
        "team": app.team,
        "user_id": app.user_id,
        "bot_id": app.bot_id,
        "url": "https://acme.slack.com/",
    }


def bots_info(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {"bot": {"id": given["bot"], "app_id": slack.app.app_id, "user_id": slack.app.user_id}}


def connections_open(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {"url": slack.sockets.address()}


def users_info(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    if given["user"] not in slack.users:
        raise Refused("user_not_found")
    return {"user": slack.users[given["user"]]}


def users_by_email(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    for user in slack.users.values():
        if user["profile"]["email"] == given["email"]:
            return {"user": user}
    raise Refused("users_not_found")


def conversations_open(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    user = given["users"]
    if user not in slack.users:
        raise Refused("user_not_found")
    if slack.users[user].get("deleted"):
        raise Refused("user_disabled")
    return {"channel": {"id": slack.dm(user)}}


def conversations_info(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    """A private channel is nowhere for a bot that is not in it."""
    room = _room(slack, given["channel"])
    if room.get("is_private") and not room["is_member"]:
        raise Refused("channel_not_found")
    return {"channel": room}


def users_conversations(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The channels that the bot is in, page by page."""
    mine = [room for room in slack.rooms.values() if room["is_member"]]
    at, most = int(given.get("cursor") or 0), int(given.get("limit") or 100)
    after = str(at + most) if at + most < len(mine) else ""
    return {"channels": mine[at : at + most], "response_metadata": {"next_cursor": after}}


def conversations_history(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Newest first, without the replies in threads."""
    found = [post for post in _in(slack, given) if not post.thread_ts or post.thread_ts == post.ts]
    return _page(sorted(found, key=lambda post: post.ts, reverse=True), given)


def conversations_replies(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The parent first, then its replies."""
    found = [post for post in _in(slack, given) if given["ts"] in (post.ts, post.thread_ts)]
    if not found:
        raise Refused("thread_not_found")
    return _page(sorted(found, key=lambda post: post.ts), given)


def post_message(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    channel = given["channel"]
    _may_post(slack, channel)
    _check(given)
    thread = given.get("thread_ts") or ""
    if thread and (channel, thread) not in slack.messages:
        raise Refused("thread_not_found")
    ts = slack.next_ts()
    slack.keep(channel, ts, given, thread)
    return {"channel": channel, "ts": ts, "message": {"ts": ts, "text": given.get("text", "")}}


def update(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    post = slack.messages.get((given["channel"], given["ts"]))
    _may_post(slack, given["channel"])
    if post is None:
        raise Refused("message_not_found")
    _check(given)
    post.text, post.blocks, post.edits = given.get("text", ""), given.get("blocks", []), post.edits + 1
    post.metadata = given.get("metadata", post.metadata)
    return {"channel": post.channel, "ts": post.ts, "text": post.text}


def post_ephemeral(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
    if given["user"] not in slack.users:
        raise Refused("user_not_in_channel")
    _check(given)
    slack.whispers.append(given)
    return {"message_ts": slack.next_ts()}


def views(kind: str) -> Callable[[Any, dict[str, Any]], dict[str, Any]]:
    def show(slack: Any, given: dict[str, Any]) -> dict[str, Any]:
        if kind == "open" and given.get("trigger_id") in slack.spent:
            raise Refused("expired_trigger_id")
        try:
            check_view(given["view"])
        except BadBlocks as error:
            raise Refused("invalid_arguments", str(error)) from error
        slack.views.append((kind, given))
        return {"view": {"id": given.get("view_id") or f"V{len(slack.views)}", "hash": "1", **given["view"]}}

    return show


def _check(given: dict[str, Any]) -> None:
    if len(given.get("text", "")) > TEXT_LIMIT:
        raise Refused("msg_too_long")
    if not given.get("text") and not given.get("blocks"):
        raise Refused("no_text")
    try:
        check_blocks(given.get("blocks") or [])
    except BadBlocks as error:
        code, _, why = str(error).partition(": ")
        raise Refused(code, why) from error


def _may_post(slack: Any, channel: str) -> None:
    if channel.startswith("D"):
        return
    room = _room(slack, channel)
    if room.get("is_archived"):
        raise Refused("is_archived")
    if not room["is_member"]:
        raise Refused("channel_not_found" if room.get("is_private") else "not_in_channel")


def _room(slack: Any, channel: str) -> dict[str, Any]:
    if channel not in slack.rooms:
        raise Refused("channel_not_found")
    return dict(slack.rooms[channel])


def _in(slack: Any, given: dict[str, Any]) -> list[Any]:
    oldest, latest = given.get("oldest") or "0", given.get("latest") or "9" * 10
    rows = [post for post in slack.messages.values() if post.channel == given["channel"]]
    return [post for post in rows if float(oldest) <= float(post.ts) <= float(latest)]


def _page(found: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    at, most = int(given.get("cursor") or 0), int(given.get("limit") or 100)
    after = str(at + most) if at + most < len(found) else ""
    with_metadata = given.get("include_all_metadata") in (True, "1", "true")
    rows = [
        {"ts": post.ts, "text": post.text, "thread_ts": post.thread_ts or None}
        | ({"metadata": post.metadata} if with_metadata and post.metadata else {})
        for post in found[at : at + most]
    ]
    return {"messages": rows, "has_more": bool(after), "response_metadata": {"next_cursor": after}}


METHODS: dict[str, Callable[[Any, dict[str, Any]], dict[str, Any]]] = {
    "auth.test": auth_test,
    "bots.info": bots_info,
    "apps.connections.open": connections_open,
    "users.info": users_info,
    "users.lookupByEmail": users_by_email,
    "conversations.open": conversations_open,
    "conversations.info": conversations_info,
    "users.conversations": users_conversations,
    "conversations.history": conversations_history,
    "conversations.replies": conversations_replies,
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.postEphemeral": post_ephemeral,
    "views.open": views("open"),
    "views.update": views("update"),
    "views.publish": views("publish"),
}
