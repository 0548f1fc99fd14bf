"""Writing the workspace's chain: each entry's hash is keyed and covers the one before it, like those of events."""

from __future__ import annotations

import json
import uuid
from datetime import UTC
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.transaction import TransactionManagementError

from intents import clock
from intents.digest import canonical, chain_hash, digest_of_bytes
from intents.models import WorkspaceChain, WorkspaceEntry


def record_change(workspace_id: uuid.UUID, change: str, actor: str, details: dict[str, Any]) -> WorkspaceEntry:
    """Append an entry to the workspace's chain, inside the transaction of the change itself and as its last write.

    The chain's end stays locked until the commit: whatever else the transaction locks comes before it.
    Several workspaces in one transaction: in the order of their ids. `details` hold no secret and no payload.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("A change is recorded in the transaction that makes it.")
    chain, body = _locked(workspace_id), canonical(details)
    moment = clock.now()
    entry = WorkspaceEntry(
        workspace_id=workspace_id,
        seq=chain.last_seq + 1,
        change=change,
        at=max(moment, chain.last_at) if chain.last_at else moment,
        actor=actor[:255],
        body=body.decode(),
        body_digest=digest_of_bytes(body),
        previous_hash=chain.last_hash,
    )
    entry.hash = hash_of_entry(entry)
    entry.save(force_insert=True)
    chain.last_seq, chain.last_hash, chain.last_at = entry.seq, entry.hash, entry.at
    chain.save(update_fields=["last_seq", "last_hash", "last_at"])
    return entry


def hash_of_entry(entry: WorkspaceEntry) -> str:
    """The keyed hash that this row must carry."""
    return chain_hash(
        settings.RECORD_KEY,
        "workspace entry",
        str(entry.workspace_id),
        entry.seq,
        entry.change,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.body_digest,
        entry.previous_hash,
    )


def details_of_entry(entry: WorkspaceEntry) -> dict[str, Any]:
    """What the entry says."""
    found: dict[str, Any] = json.loads(entry.body)
    return found


def _locked(workspace_id: uuid.UUID) -> WorkspaceChain:
    """The chain's end, held until the commit; begun if the workspace has none yet."""
    ends = WorkspaceChain.objects.select_for_update(no_key=True)
    chain = ends.filter(pk=workspace_id).first()
    if chain is None:
        WorkspaceChain.objects.bulk_create([WorkspaceChain(workspace_id=workspace_id)], ignore_conflicts=True)
        chain = ends.get(pk=workspace_id)
    return chain
