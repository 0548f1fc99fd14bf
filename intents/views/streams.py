"""The streams as the routes, the document and the access matrix see them. Requests go to `intents.streams` in front."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON, WORK
from intents.errors import DomainError
from intents.views.base import ApiView
from intents.views.endpoint import Endpoint
from intents.wire.shapes import TEXT, WHOLE, obj

WINDOW = {"since": WHOLE, "wait_seconds": WHOLE}
KIND = "text/event-stream"
FRAME = obj("id", id=TEXT, event=TEXT, data=TEXT)


class NotStreaming(DomainError):
    """The web server runs Django without the streams in front (501)."""

    status = 501
    code = "streams_not_served"


class StreamView(ApiView):
    """A stream of server-sent events; see docs/api.md."""

    def get(self, request: Request, **names: str) -> Response:
        """`event:` is the type, `data:` a JSON object. It always ends with a terminal event or `stream.timeout`."""
        raise NotStreaming("This server does not stream: serve config.asgi, not config.wsgi.")


class EventStreamView(StreamView):
    """An intent's history as it grows."""

    api = {"GET": Endpoint(KEY_OR_PERSON, shape=FRAME, query=WINDOW, refuses=(501,), limited=False, media_type=KIND)}


class WorkStreamView(StreamView):
    """An agent's work, one step at a time."""

    api = {
        "GET": Endpoint(
            WORK, shape=FRAME, query={**WINDOW, "status": TEXT}, refuses=(501,), limited=False, media_type=KIND
        )
    }
