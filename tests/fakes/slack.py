"""A Slack that is spoken to over real HTTP, by the real slack_sdk: it keeps messages, refuses what Slack refuses,
limits rates, fails as it is told to, and signs what it sends.

    slack.fail("chat.postMessage", "503", "channel_not_found")    the next calls of this method, one word each
    slack.fail("chat.update", "429 3", always=True)                every call, until `slack.mend()`

Words: a status, `429 SECONDS`, `hang` (never answers), `drop` (does it and hangs up), `stall` (does it, never answers),
any error code of Slack.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import math
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.fakes.slackblocks import all_text, buttons, menu_lines
from tests.fakes.slackmethods import METHODS, Refused
from tests.fakes.slackserver import Handler, Server
from tests.fakes.slacksocket import Sockets

LOOPBACK = "127.0.0.1"
SCOPES = (
    "chat:write,im:history,im:write,users:read,users:read.email,commands,"
    "channels:read,channels:history,groups:read,groups:history"
)
PER_MINUTE = {
    "views.publish": 100,
    "chat.update": 50,
    "conversations.info": 50,
    "users.conversations": 50,
    "conversations.history": 50,
    "conversations.open": 50,
    "users.info": 100,
}
SECONDS_BETWEEN_MESSAGES = 1.0


@dataclass
class Posted:
    """A message as it stands; `edits` counts how often it was rewritten."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    edits: int = 0
    is_whisper: bool = False
    at: float = field(default_factory=time.time)

    @property
    def buttons(self) -> list[str]:
        """What stands on its buttons."""
        return [each["text"]["text"] for each in buttons(self.blocks)]

    @property
    def menu(self) -> list[str]:
        """The lines of its menu."""
        return [each["text"]["text"] for each in menu_lines(self.blocks)]

    @property
    def words(self) -> str:
        """What a reader sees of the blocks."""
        return all_text(self.blocks)


@dataclass
class App:
    """One installed app, known by its token."""

    token: str = "xoxb-1-fake"
    app_token: str = "xapp-1-A0COUNTER-fake"
    secret: str = "0123456789abcdef0123456789abcdef"
    team_id: str = "T0ACME"
    team: str = "Acme"
    app_id: str = "A0COUNTER"
    bot_id: str = "B0COUNTER"
    user_id: str = "U0COUNTER"
    scopes: str = SCOPES


@dataclass
class Slack:
    """`with Slack().running() as slack:`; `slack.url` is the base of its API."""

    app: App = field(default_factory=App)
    messages: dict[tuple[str, str], Posted] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    views: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    whispers: list[dict[str, Any]] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)
    sockets: Sockets = field(default_factory=Sockets)
    limits: bool = True
    limited: Counter[str] = field(default_factory=Counter)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _script: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    _always: dict[str, str] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)
    _window: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _number: int = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/api/"

    @contextlib.contextmanager
    def running(self) -> Iterator[Slack]:
        server = Server((LOOPBACK, self.port), Handler)
        server.slack, self.port = self, int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            self.sockets.stop()
            server.shutdown()
            thread.join()
            server.server_close()

    def fail(self, method: str, *words: str, always: bool = False) -> None:
        """What the next calls of this method come to."""
        if always:
            self._always[method] = words[0]
        else:
            self._script[method].extend(words)

    def mend(self) -> None:
        """Everything works again."""
        self._script.clear()
        self._always.clear()

    def add_user(self, user_id: str, email: str, name: str = "", **fields: Any) -> str:
        """Somebody in the team; `fields` as users.info has them: is_bot, is_restricted, deleted, team_id, tz."""
        known = {"id": user_id, "team_id": self.app.team_id, "name": email.partition("@")[0], "tz": "Europe/Madrid"}
        self.users[user_id] = {**known, "real_name": name or email, "profile": {"email": email}, **fields}
        return user_id

    def add_room(self, room: str, **fields: Any) -> str:
        """A channel; `fields` as conversations.info has them: name, is_private, is_archived, is_ext_shared, …"""
        self.rooms[room] = {"id": room, "name": room.lower(), "is_member": True, **fields}
        return room

    def dm(self, user_id: str) -> str:
        """The direct message channel of this user and the bot."""
        return f"D{user_id[1:]}"

    def to(self, user_id: str) -> list[Posted]:
        """The messages in the DM with this user, in order."""
        return [post for (channel, _), post in sorted(self.messages.items()) if channel == self.dm(user_id)]

    def in_room(self, room: str) -> list[Posted]:
        """The messages in this channel, in order."""
        return [post for (channel, _), post in sorted(self.messages.items()) if channel == room]

    def called(self, method: str) -> list[dict[str, Any]]:
        """The calls of this method, in order."""
        return [given for name, given in self.calls if name == method]

    def whispered(self, user: str) -> Posted:
        """The last note that this user alone saw."""
        given = [note for note in self.whispers if note["user"] == user][-1]
        thread = given.get("thread_ts") or ""
        return Posted(given["channel"], self.next_ts(), given["text"], given["blocks"], thread, is_whisper=True)

    def keep(self, channel: str, ts: str, given: dict[str, Any], thread_ts: str) -> None:
        """Note a message that was posted."""
        metadata, blocks = given.get("metadata") or {}, given.get("blocks") or []
        self.messages[channel, ts] = Posted(channel, ts, given.get("text", ""), blocks, thread_ts, metadata, given)

    def next_ts(self) -> str:
        self._number += 1
        return f"{int(time.time())}.{self._number:06}"

    def planned(self, method: str) -> str:
        """What the next call of this method comes to; "" if it simply works."""
        return self._script[method].popleft() if self._script[method] else self._always.get(method, "")

    def too_fast(self, method: str, channel: str) -> int:
        """Seconds to wait by Slack's limits; 0 if there is room."""
        if not self.limits:
            return 0
        with self.lock:
            wait = self._wait(method, channel, time.time())
            self.limited[method] += wait > 0
        return math.ceil(wait)

    def _wait(self, method: str, channel: str, now: float) -> float:
        wait = self._last.get(channel, 0.0) + SECONDS_BETWEEN_MESSAGES - now
        if method == "chat.postMessage" and wait > 0.001:
            return wait
        window = self._window[method]
        while window and window[0] <= now - 60:
            window.popleft()
        if len(window) >= PER_MINUTE.get(method, 10_000):
            return window[0] + 60 - now
        window.append(now)
        if method == "chat.postMessage":
            self._last[channel] = now
        return 0.0

    def taken(self) -> list[tuple[str, float]]:
        """For each message that names its delivery in its metadata: which, and when it was posted."""
        with self.lock:
            named = [(post.metadata.get("event_payload", {}), post.at) for post in self.messages.values()]
        return [(payload["delivery"], at) for payload, at in named if "delivery" in payload]

    def answer(self, method: str, token: str, given: dict[str, Any]) -> dict[str, Any]:
        """Do it, or `Refused`."""
        if token not in (self.app.token, self.app.app_token):
            raise Refused("invalid_auth" if token else "not_authed")
        if (method == "apps.connections.open") != (token == self.app.app_token):
            raise Refused("not_allowed_token_type")
        if method not in METHODS:
            raise Refused("unknown_method")
        with self.lock:
            return METHODS[method](self, given)

    def signed(self, body: bytes, at: float | None = None, secret: str = "") -> dict[str, str]:
        """The headers with which Slack vouches for this body (v0)."""
        moment = str(int(time.time() if at is None else at))
        base = b"v0:" + moment.encode() + b":" + body
        digest = hmac.new((secret or self.app.secret).encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}

    def click(self, post: Posted, label: str, user_id: str, **fields: Any) -> bytes:
        """The body of a press on the button with this label (block_actions), as Slack posts it."""
        payload = {
            "type": "block_actions",
            "api_app_id": self.app.app_id,
            "team": {"id": self.app.team_id, "domain": "acme"},
            "user": {"id": user_id, "team_id": self.app.team_id},
            "container": self._place(post),
            "channel": {"id": post.channel},
            "message": {"ts": post.ts, "thread_ts": post.thread_ts or None},
            "trigger_id": self.next_ts(),
            "response_url": f"http://{LOOPBACK}:{self.port}/respond/{post.channel}/{post.ts}",
            "actions": [self._pressed(post.blocks, label)],
            **fields,
        }
        return urlencode({"payload": json.dumps(payload)}).encode()

    def _place(self, post: Posted) -> dict[str, Any]:
        """Where it stands, as Slack says it."""
        place = {"type": "message", "message_ts": post.ts, "channel_id": post.channel, "is_ephemeral": post.is_whisper}
        return place | ({"thread_ts": post.thread_ts} if post.thread_ts else {})

    def click_in(self, view: dict[str, Any], label: str, user_id: str, **fields: Any) -> bytes:
        """The body of a press on the first button with this label in a view that this user looks at."""
        shown = {"id": "V7", "app_id": self.app.app_id, "team_id": self.app.team_id, **view}
        payload = {
            "type": "block_actions",
            "api_app_id": self.app.app_id,
            "team": {"id": self.app.team_id, "domain": "acme"},
            "user": {"id": user_id, "team_id": self.app.team_id},
            "container": {"type": "view", "view_id": shown["id"]},
            "view": shown,
            "trigger_id": self.next_ts(),
            "actions": fields.pop("actions", None) or [self._pressed(view["blocks"], label)],
            **fields,
        }
        return urlencode({"payload": json.dumps(payload)}).encode()

    def _pressed(self, blocks: list[dict[str, Any]], label: str) -> dict[str, Any]:
        """The button with this label, or the line of the menu."""
        for each in buttons(blocks):
            if each["text"]["text"] == label:
                return {"action_id": each["action_id"], "value": each.get("value", ""), "type": "button"}
        chosen = next(each for each in menu_lines(blocks) if each["text"]["text"] == label)
        return {"action_id": "act:0", "selected_option": chosen, "type": "overflow"}

    def sent(self, view: dict[str, Any], user_id: str, values: dict[str, Any], **fields: Any) -> bytes:
        """The body of this form being sent (view_submission), each block holding a text, or Slack's state of it."""
        held = {
            name: {"value": value if isinstance(value, dict) else {"type": "plain_text_input", "value": value}}
            for name, value in values.items()
        }
        payload = {
            "type": "view_submission",
            "api_app_id": self.app.app_id,
            "team": {"id": self.app.team_id, "domain": "acme"},
            "user": {"id": user_id, "team_id": self.app.team_id},
            "trigger_id": self.next_ts(),
            "view": {
                "id": "V1",
                "app_id": self.app.app_id,
                "team_id": self.app.team_id,
                **view,
                "state": {"values": held},
            },
            **fields,
        }
        return urlencode({"payload": json.dumps(payload)}).encode()

    def typed(self, user_id: str, text: str, command: str = "/countersign", **fields: str) -> bytes:
        """The body of a slash command."""
        given = {
            "command": command,
            "text": text,
            "api_app_id": self.app.app_id,
            "team_id": self.app.team_id,
            "channel_id": self.dm(user_id),
            "user_id": user_id,
            "user_name": user_id.lower(),
            "trigger_id": self.next_ts(),
            "response_url": f"http://{LOOPBACK}:{self.port}/respond/{self.dm(user_id)}/command",
            "is_enterprise_install": "false",
        }
        return urlencode(given | fields).encode()

    def said(self, user_id: str, text: str, **fields: Any) -> bytes:
        """The body of an event: this user wrote to the bot."""
        event = {"type": "message", "channel_type": "im", "channel": self.dm(user_id), "user": user_id, "text": text}
        return self._event({**event, "ts": self.next_ts(), **fields})

    def opened_home(self, user_id: str, tab: str = "home") -> bytes:
        """The body of an event: this user opened the app."""
        return self._event({"type": "app_home_opened", "channel": self.dm(user_id), "user": user_id, "tab": tab})

    def home(self, user_id: str) -> dict[str, Any]:
        """The Home that this user sees; {} if none was published."""
        shown = [given["view"] for kind, given in self.views if kind == "publish" and given["user_id"] == user_id]
        return dict(shown[-1]) if shown else {}

    def _event(self, event: dict[str, Any]) -> bytes:
        self._number += 1
        outer = {"type": "event_callback", "api_app_id": self.app.app_id, "team_id": self.app.team_id}
        return json.dumps(outer | {"event_id": f"Ev{self._number}", "event": event}).encode()
