"""`GET /v1/audit/events`: the workspace's own chain, for keys with the scope `provision` and for admins."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import PROVISION_OR_ADMIN
from intents.errors import Invalid
from intents.models import Workspace, WorkspaceEntry
from intents.principal import Principal
from intents.selectors import full_address
from intents.services.checkpoints import CHANGE
from intents.views.base import ApiView, check_owner, query_int
from intents.views.endpoint import Endpoint
from intents.wire.audit import ENTRY, entry_json
from intents.wire.shapes import FLAG, TEXT, WHOLE, many

MOST = 500
PREFIX = re.compile(r"[a-z_.]{0,64}")


class AuditView(ApiView):
    """What was changed in the workspace, and by whom."""

    api = {
        "GET": Endpoint(
            PROVISION_OR_ADMIN,
            {"events": many(ENTRY), "next_since": WHOLE, "has_more": FLAG},
            query={"owner_agent": TEXT, "action_prefix": TEXT, "limit": WHOLE, "since": WHOLE},
        )
    }

    def get(self, request: Request) -> Response:
        """In their order. With `since` those after that `seq`, else the newest; checkpoints only if asked for."""
        check_owner(request)
        limit, since = query_int(request, "limit", 100, 1, MOST), query_int(request, "since", -1, 0, 2**53 - 1)
        owner = request.query_params.get("owner_agent") or request.headers.get("X-Owner-Agent", "")
        rows = entries_of(self.principal, request.query_params.get("action_prefix", ""), owner)
        if since < 0:
            found = list(rows.order_by("-seq")[:limit])[::-1]
            has_more = False
        else:
            found = list(rows.filter(seq__gt=since).order_by("seq")[: limit + 1])
            has_more = len(found) > limit
        events = [entry_json(entry) for entry in found[:limit]]
        reached = events[-1]["seq"] if events else max(since, 0)
        return Response({"ok": True, "events": events, "next_since": reached, "has_more": has_more})


def entries_of(principal: Principal, prefix: str, owner: str) -> QuerySet[WorkspaceEntry]:
    """The entries whose action begins with `prefix`; of an agent, those that it made or that name it."""
    if not PREFIX.fullmatch(prefix):
        raise Invalid("action_prefix is the beginning of an action, such as key. or team.c", code="invalid_parameter")
    rows = WorkspaceEntry.objects.filter(workspace_id=principal.workspace_id)
    if not prefix or not CHANGE.startswith(prefix):
        rows = rows.exclude(change=CHANGE)
    if prefix:
        rows = rows.filter(change__startswith=prefix)
    if owner:
        address = full_address(Workspace.objects.get(pk=principal.workspace_id), owner)
        rows = rows.filter(Q(actor=address) | Q(body__contains=f'"{address}"'))
    return rows
