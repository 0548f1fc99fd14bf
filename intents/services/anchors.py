"""Anchors: where each workspace's chain ends, as lines to be kept where the database's owner cannot change them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG

from django.conf import settings
from django.db.models import F, QuerySet

from intents import clock
from intents.models import WorkspaceChain

log = logging.getLogger(__name__)
AT_ONCE = 500  # lines in one write


def ends(workspace: str = "") -> QuerySet[WorkspaceChain]:
    """The chains' ends; of one workspace if it is named."""
    rows = WorkspaceChain.objects.filter(last_seq__gt=0).select_related("workspace").order_by("pk")
    org, _, name = workspace.partition("/")
    return rows.filter(workspace__org=org, workspace__name=name) if workspace else rows


def line(end: WorkspaceChain) -> str:
    """One anchor as a JSON line."""
    anchor = {
        "workspace": str(end.workspace),
        "workspace_id": str(end.workspace_id),
        "seq": end.last_seq,
        "hash": end.last_hash,
        "at": clock.iso(end.last_at),
    }
    return json.dumps(anchor) + "\n"


def keep_anchors() -> int:
    """Append the ends that ANCHOR_FILE does not know yet; how many. At least once: a line may stand there twice."""
    if not settings.ANCHOR_FILE:
        return 0
    news = list(ends().exclude(anchored_seq=F("last_seq"))[:AT_ONCE])  # also when it was set ahead
    if not news:
        return 0
    try:
        append(Path(settings.ANCHOR_FILE), map(line, news))
    except OSError:
        log.exception("anchors cannot be kept", extra={"file": settings.ANCHOR_FILE})
        return 0
    for end in news:
        kept = WorkspaceChain.objects.filter(pk=end.pk, anchored_seq=end.anchored_seq)
        kept.update(anchored_seq=end.last_seq)
    return len(news)


def append(path: Path, lines: Iterable[str]) -> None:
    """At the end of the file, and on the disk when this returns (a terminal or a pipe has none). OSError if not all
    of it is: what a full disk took stays a line of its own, and no later one is lost in it.
    """
    text = "".join(lines).encode()
    target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        rest = b"\n" + text if _is_torn(path) else text
        while rest:
            rest = rest[os.write(target, rest) :]
        if S_ISREG(os.fstat(target).st_mode):
            os.fsync(target)
    finally:
        os.close(target)


def _is_torn(path: Path) -> bool:
    """True if the file ends within a line."""
    if not path.is_file() or not path.stat().st_size or not os.access(path, os.R_OK):
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
