"""The policies that count in a workspace at this moment, in their order, each in its newest version."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.db.models import F, TextField
from django.db.models.functions import Cast

from approvals.models import PolicyVersion
from approvals.rulelist import RuleList
from approvals.rules import Rule
from intents.models import Workspace
from intents.prepared import Prepared

MOST_WORKSPACES = 50  # whose lists a process has at hand

_NEWEST = Prepared(
    lambda workspace: (
        PolicyVersion.objects.filter(policy__workspace=workspace, policy__is_active=True, number=F("policy__version"))
        .order_by("policy__position", "policy__name")
        .values_list("policy__position", "policy__name", "number", Cast("body", TextField()))
    )
)


class _Last:
    """The list of one workspace, as it was when it was last read."""

    def __init__(self) -> None:
        self.list = RuleList([])


def active_rules(workspace: Workspace) -> list[Rule]:
    """The workspace's ordered list."""
    return [rule for _, rule in positioned_rules(workspace)]


def positioned_rules(workspace: Workspace) -> list[tuple[int, Rule]]:
    """The same with the place of each."""
    return [(policy.position, policy.rule) for policy in active_list(workspace).policies]


def active_list(workspace: Workspace) -> RuleList:
    """The same, to be asked by type. It is read each time, and worked out anew if one letter of it has changed."""
    rows, last = _NEWEST(workspace=workspace.pk), _last(workspace.pk)
    found = last.list
    if found.rows != rows:
        found = last.list = RuleList(rows)
    return found


@lru_cache(MOST_WORKSPACES)
def _last(workspace: UUID) -> _Last:
    return _Last()
