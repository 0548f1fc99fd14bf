"""The saved chains of a workspace, as gates name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F

from approvals.chains.compiling import NONE_SAVED, SavedChains
from approvals.models import ChainVersion


def chains_named(workspace_id: UUID, gates: Iterable[Mapping[str, Any]]) -> SavedChains:
    """Those that these gates of policies name, each in its newest version. Nothing is asked where none is named."""
    names = {gate["chain"] for gate in gates if isinstance(gate.get("chain"), str)}
    if not names:
        return NONE_SAVED
    rows = ChainVersion.objects.filter(chain__workspace=workspace_id, chain__name__in=names, number=F("chain__version"))
    return {row.chain.name: (row.number, row.body) for row in rows.select_related("chain")}
