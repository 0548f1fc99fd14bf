"""`/v1/inbox`: the answers that agents are to get, and what agents and people do with them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import PERSON_WHO_DECIDES, WORK_OR_PERSON
from intents.errors import Forbidden, Invalid
from intents.ids import parse_id
from intents.inboxes import check_known, entries_after, inbox_meant, newest, owner_meant, thread_for
from intents.models import Intent, Thread, ThreadEntry
from intents.services import threads
from intents.services.attempts import keep_attempt_on
from intents.services.threads import Caller
from intents.timeline import ThreadStatus, cursor_number, cursor_text
from intents.views.base import ApiView, body_of, check_owner, query_int
from intents.views.endpoint import Endpoint
from intents.wire.create import check_address
from intents.wire.shapes import APPLIED, FLAG, ID, TEXT, TEXTS, WHOLE, YES, many, maybe, obj, one_of
from intents.wire.threads import (
    THREAD,
    DecideBody,
    DelegateBody,
    DeleteBody,
    ReadBody,
    ReplyBody,
    chosen_of,
    thread_json,
    threads_json,
)
from intents.wire.unknown import unknown_warnings

OWNER = {"owner_agent": TEXT}
PAGE = {**OWNER, "limit": WHOLE}
ANSWER = {"thread": THREAD, "warnings": TEXTS}
DECIDED = obj(*APPLIED, ok=YES, **ANSWER, applied=FLAG, **APPLIED)
DEFAULT, MOST = 20, 100
ANY = ""
"""No inbox in particular: whoever was just let in may have handed the thread on."""


class InboxView(ApiView):
    """An agent's inbox."""

    api = {
        "GET": Endpoint(
            WORK_OR_PERSON, {"threads": many(THREAD)}, query={**PAGE, "status": one_of(*ThreadStatus.values)}
        )
    }

    def get(self, request: Request) -> Response:
        """The threads that moved last, each with its newest entries."""
        address = inbox_meant(self.principal, owner_asked(request))
        status = request.query_params.get("status", "")
        if status and status not in ThreadStatus.values:
            raise Invalid(f"status must be one of {', '.join(ThreadStatus.values)}.", code="invalid_parameter")
        found = newest(self.principal, address, status, query_int(request, "limit", DEFAULT, 1, MOST))
        return Response({"ok": True, "threads": threads_json(self.principal, found)})


class ChangesView(ApiView):
    """What is new in an inbox."""

    api = {
        "GET": Endpoint(
            WORK_OR_PERSON,
            {"changes": many(obj(cursor=TEXT, thread=THREAD)), "next_cursor": maybe(TEXT), "has_more": FLAG},
            query={**PAGE, "cursor": TEXT},
        )
    }

    def get(self, request: Request) -> Response:
        """Everything after `cursor` in the order in which it came, by thread; nothing is left out or comes late."""
        address = inbox_meant(self.principal, owner_asked(request))
        sent = request.query_params.get("cursor", "")
        since = cursor_number(sent) if sent else 0
        if since is None:
            raise Invalid("cursor is not one that this server gave.", code="invalid_cursor")
        limit = query_int(request, "limit", DEFAULT, 1, MOST)
        entries = entries_after(self.principal.workspace_id, address, since, limit + 1)
        page, has_more = entries[:limit], len(entries) > limit
        last = cursor_text(page[-1].cursor) if page else sent or None
        return Response(
            {"ok": True, "changes": self._changes(page), "next_cursor": last, "has_more": has_more},
        )

    def _changes(self, page: list[ThreadEntry]) -> list[dict[str, Any]]:
        """One for each thread, at its last entry of the page; its timeline is what is new."""
        found: dict[Any, tuple[Thread, list[ThreadEntry]]] = {}
        for entry in page:
            thread, entries = found.pop(entry.thread_id, (entry.thread, []))
            found[entry.thread_id] = thread, [*entries, entry]
        cursors = [cursor_text(entries[-1].cursor) for _, entries in found.values()]
        shown = threads_json(self.principal, list(found.values()))
        return [{"cursor": cursor, "thread": thread} for cursor, thread in zip(cursors, shown, strict=True)]


class ThreadView(ApiView):
    """One thread."""

    api = {"GET": Endpoint(WORK_OR_PERSON, {"thread": THREAD}, query=OWNER)}

    def get(self, request: Request, thread_id: str) -> Response:
        """With its whole timeline, and the answer in full for whoever may see the intent."""
        thread = thread_for(self.principal, owner_meant(self.principal, owner_asked(request)), thread_id)
        return Response({"ok": True, "thread": thread_json(self.principal, thread)})


class Act(ApiView):
    """Something that is done with one thread; the answer shows the thread as it is then."""

    verb: str
    form: type[serializers.Serializer[dict[str, Any]]]

    def post(self, request: Request, thread_id: str) -> Response:
        """Once per idempotency key; a replay gets its answer also after the thread was handed on."""
        caller = Caller(self.principal, owner_meant(self.principal, owner_asked(request)))
        check_known(self.principal, caller.address, thread_id)
        sent = body_of(request)
        form = self.form(data=sent)
        form.is_valid(raise_exception=True)

        def effect() -> dict[str, Any]:
            said = self.act(caller, thread_id, form.validated_data)
            thread = thread_for(self.principal, ANY, thread_id)
            shown = thread_json(self.principal, thread)
            return {"ok": True, "thread": shown, **said, "warnings": unknown_warnings(sent, form)}

        return self.once(request, f"POST /v1/inbox/{parse_id(thread_id)}/{self.verb}", effect)

    def act(self, caller: Caller, thread_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Do it; what the answer says beside the thread."""
        raise NotImplementedError


class ReplyView(Act):
    """A message."""

    api = {"POST": Endpoint(WORK_OR_PERSON, ANSWER, ReplyBody, OWNER)}
    verb, form = "reply", ReplyBody

    def act(self, caller: Caller, thread_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """By the agent whose inbox it is, or a person."""
        threads.reply(caller, thread_id, data["message"])
        return {}


class DelegateView(Act):
    """Handing a thread on."""

    api = {"POST": Endpoint(WORK_OR_PERSON, ANSWER, DelegateBody, OWNER)}
    verb, form = "delegate", DelegateBody

    def act(self, caller: Caller, thread_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """To another agent of the workspace."""
        check_address(data["delegate_to"], "delegate_to")
        threads.delegate(caller, thread_id, data["delegate_to"], data.get("note") or "")
        return {}


class DecideView(Act):
    """A person's yes or no on the gate at which the thread's intent waits."""

    api = {"POST": Endpoint(PERSON_WHO_DECIDES, shape=DECIDED, body=DecideBody, query=OWNER)}
    verb, form = "approve", DecideBody

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whoever may not decide at all is refused before anything is read; that they tried is kept."""
        try:
            super().initial(request, *args, **kwargs)
        except Forbidden as refusal:
            meant = Intent.objects.filter(thread__pk__in=[parse_id(kwargs["thread_id"])])
            keep_attempt_on(self.principal, meant, "decide", refusal)
            raise

    def act(self, caller: Caller, thread_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """The gate's first yes or its first no."""
        said = {name: data.get(name) or "" for name in ("comment", "digest", "gate_id")}
        return threads.decide_gate(caller, thread_id, {"decision": self.verb, **said})


class DeleteMessagesView(Act):
    """Taking messages away."""

    api = {
        "POST": Endpoint(
            WORK_OR_PERSON,
            {**ANSWER, "mode": one_of("self", "both"), "deleted_count": WHOLE, "message_ids": many(ID)},
            DeleteBody,
            OWNER,
        )
    }
    verb, form = "messages/delete", DeleteBody

    def act(self, caller: Caller, thread_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """From oneself, or one's own from everybody."""
        ids = threads.delete_messages(caller, thread_id, chosen_of(data))
        return {"mode": data["mode"], "deleted_count": len(ids), "message_ids": ids}


class ReadView(Act):
    """Having read a thread."""

    api = {"POST": Endpoint(WORK_OR_PERSON, ANSWER, ReadBody, OWNER)}
    verb, form = "read", ReadBody

    def act(self, caller: Caller, thread_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """All of it."""
        threads.mark_read(caller, thread_id)
        return {}


def owner_asked(request: Request) -> str:
    """The inbox that the request names, in the query or the header. Malformed if both do and differ."""
    check_owner(request)
    return request.query_params.get("owner_agent") or request.headers.get("X-Owner-Agent") or ""
