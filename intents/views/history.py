"""`GET /v1/history/export`: the workspace's history, a page at a time."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import PROVISION_OR_ADMIN
from intents.errors import Invalid
from intents.ids import parse_id
from intents.models import Workspace
from intents.services.export import Export, Place, page_of
from intents.views.base import ApiView, query_int, query_moment
from intents.views.endpoint import Endpoint
from intents.wire.export import LINES
from intents.wire.shapes import TEXT, TIME, WHOLE, maybe, one_of

MOST = 1000
FORMAT = one_of(*LINES)


class ExportView(ApiView):
    """The workspace's whole history, a page at a time.

    Pages instead of one long answer: each holds a thread and a connection only for as long as reading it takes.
    """

    api = {
        "GET": Endpoint(
            PROVISION_OR_ADMIN,
            {"format": FORMAT, "text": TEXT, "count": WHOLE, "sha256": TEXT, "next": maybe(TEXT)},
            query={"format": FORMAT, "since": TIME, "until": TIME, "limit": WHOLE, "cursor": TEXT},
        )
    }

    def get(self, request: Request) -> Response:
        """`text` of all pages, one after the other, is the file that `manage.py export_history` writes."""
        export = self._wanted(request)
        page = page_of(export, _place(request), query_int(request, "limit", 500, 1, MOST))
        if page.count:
            cursor = request.query_params.get("cursor") or None
            export.recorded(self.principal.actor, page.count, page.digest, cursor=cursor)
        place = page.next
        answer = {"ok": True, "format": export.form, "text": page.text, "count": page.count, "sha256": page.digest}
        return Response({**answer, "next": f"{place.intent_id}:{place.seq}" if place else None})

    def _wanted(self, request: Request) -> Export:
        form = request.query_params.get("format", "jsonl")
        if form not in LINES:
            raise Invalid(f"format must be {' or '.join(LINES)}.", code="invalid_parameter")
        workspace = Workspace.objects.get(pk=self.principal.workspace_id)
        return Export(workspace, form, query_moment(request, "since"), query_moment(request, "until"))


def _place(request: Request) -> Place | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    handle, _, seq = text.partition(":")
    intent_id = parse_id(handle)
    if intent_id is None or not (seq.isascii() and seq.isdigit() and len(seq) < 10):
        raise Invalid("cursor must be the `next` of a page before.", code="invalid_parameter")
    return Place(intent_id, int(seq))
