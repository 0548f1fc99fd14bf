"""Who changed the rules since the plan: seats are given by the teams of when the gate opens and the schedules of later,
and the right to break glass is that of the moment.
"""

from __future__ import annotations

from approvals.changers import LATELY, Rules, changers, entries_since
from approvals.planner import settings_of
from approvals.terms import TermsBody, names_in
from intents.models import Intent
from intents.services.lock import Locked


def keep_latecomers_out(locked: Locked, terms: TermsBody) -> None:
    """Nobody decides by a change of their own that came after the plan. Only ever takes away.

    A policy changed since then bends nothing: its terms were taken over into the plan.
    """
    intent = locked.intent
    since = intent.created_at - LATELY
    if intent._state.adding or not entries_since(intent.workspace_id, since).exists():
        return
    rules = Rules(intent.workspace, frozenset(names_in(terms)))
    found = changers(rules, since, is_on=settings_of(intent.workspace).changers_wait)
    late = {ref: why for ref, why in found.items() if ref not in intent.excluded}
    if not late:
        return
    intent.excluded = sorted({*intent.excluded, *late})
    Intent.objects.filter(pk=intent.pk).update(excluded=intent.excluded)
    intent.texts.plan = intent.texts.plan | {"kept_out": intent.texts.plan.get("kept_out", {}) | late}
    intent.texts.save(update_fields=["plan"])
    for why in late.values():
        locked.record("intent.person_kept_out", "server", {"why": why})
