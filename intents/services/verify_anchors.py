"""Comparing anchors that were kept elsewhere with the chains: they show a chain that was cut off, or an old copy."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from intents.models import WorkspaceEntry

LARGEST_SEQ = 2**63 - 1  # that a column holds
SOME = 500  # anchors compared in one read

GONE = "the anchor names it, and it is missing"
OTHER = "it is not the one that the anchor names"


class Unreadable(Exception):
    """A line is no anchor."""


@dataclass(frozen=True)
class Anchor:
    """Where a chain ended once."""

    workspace: str
    workspace_id: UUID
    seq: int
    hash: str


def read(lines: Iterable[str], workspace: str = "") -> Iterator[Anchor]:
    """The file's anchors, of one workspace if it is named. Unreadable names the first line that is none."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            anchor = Anchor(found["workspace"], UUID(found["workspace_id"]), int(found["seq"]), str(found["hash"]))
            if not 0 < anchor.seq <= LARGEST_SEQ:
                raise ValueError(anchor.seq)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Unreadable(f"line {number} is no anchor") from error
        if workspace in ("", anchor.workspace):
            yield anchor


def first_misfit(anchors: Iterator[Anchor]) -> tuple[int, str]:
    """How many anchors fit up to the first that does not, and that place in words, "" if all do."""
    fitted = 0
    while some := list(islice(anchors, SOME)):
        found = _hashes(some)
        for anchor in some:
            link = found.get((anchor.workspace_id, anchor.seq))
            if link != anchor.hash:
                return fitted, f"{anchor.workspace} entry {anchor.seq}: {GONE if link is None else OTHER}"
            fitted += 1
    return fitted, ""


def _hashes(anchors: list[Anchor]) -> dict[tuple[UUID, int], str]:
    wanted: dict[UUID, set[int]] = defaultdict(set)
    for anchor in anchors:
        wanted[anchor.workspace_id].add(anchor.seq)
    rows = [
        WorkspaceEntry.objects.filter(workspace_id=workspace, seq__in=seqs).values_list("seq", "hash")
        for workspace, seqs in wanted.items()
    ]
    return {(workspace, seq): link for workspace, found in zip(wanted, rows, strict=True) for seq, link in found}
