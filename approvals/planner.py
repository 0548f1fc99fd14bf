"""The policy planner: which gates an intent gets, by whose word, and who may not decide on it.

Registered as a planner port of the intents app; runs in the transaction of submit and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef

from approvals import asking, failures
from approvals.away import absences_at, linked, pairs_of
from approvals.chains.compiling import SavedChains
from approvals.changers import LATELY, Rules, changers, entries_since
from approvals.directory import label, member
from approvals.filling import About
from approvals.models import ApprovalSettings, Unmatched
from approvals.placing import Ask, Item, PolicyGate, merge_with_first, place_all, shown
from approvals.reach import deciders_within
from approvals.rulebook.fields import overlap
from approvals.rules import Rule, Ruling
from approvals.savedchains import chains_named
from approvals.terms import TermsBody, completed, from_rule, line, rules_in
from approvals.weighing import ruling_of
from intents import clock
from intents.errors import Invalid
from intents.models import Workspace
from intents.planning import free_name
from intents.ports import Planned
from intents.prepared import Prepared
from intents.principal import Principal
from intents.selectors import full_address
from intents.stepgraph import BY_POLICY, ON_SUCCESS
from intents.submission import StepSpec, Submission


def plan(submission: Submission, workspace: Workspace, principal: Principal, planned: Planned) -> None:
    """Decide the gates, place and merge them, and make sure that somebody can answer each."""
    settings = settings_of(workspace)
    planned.requester, planned.excluded = _who(submission, workspace, principal, planned)
    ruling = ruling_of(submission, principal)
    planned.reasons = list(ruling.reasons)
    planned.excluded = sorted({*planned.excluded, *submission.set_aside, *authors(ruling, submission, workspace)})
    if ruling.denied_by or (not ruling.found and settings.unmatched == Unmatched.DENY):
        planned.denied = ruling.denied_by.name if ruling.denied_by else "unmatched"
        planned.steps = []
        return
    asking.resolve_notifications(planned, workspace)
    items = asking.read_gates(planned, workspace, settings.default_approvers)
    items, cleaning, warning = failures.set_aside(items, ruling)
    items = _with_policies(items, ruling, settings, planned)
    handed = failures.asked_about_failure(ruling, settings)
    asked = [*items, *([handed] if handed else [])]
    planned.kept_out = _changers(asked, workspace, submission.intent_type, settings)
    planned.excluded = sorted({*planned.excluded, *planned.kept_out})
    planned.bound = bound(planned.excluded, workspace, settings)
    planned.excluded = sorted({*planned.excluded, *planned.bound})
    planned.secret = secret_of(item.terms for item in asked if isinstance(item, Ask))
    about = replace(_about(submission, workspace, principal, planned), secret=tuple(planned.secret))
    planned.steps = [finished(item, workspace, planned, at, about) for at, item in enumerate(items)]
    close_to_editing(planned.steps, planned.secret)
    planned.steps += [cleaning] if cleaning else []
    planned.warnings += [warning] if warning else []
    planned.failure_step = failures.failure_step(finished(handed, workspace, planned, 0, about)) if handed else None


def secret_of(terms: Iterable[TermsBody]) -> list[str]:
    """The payload fields that some gate of the plan calls secret: nobody sees them, at whichever gate."""
    return sorted({path for each in terms for path in each.get("secret", [])})


def close_to_editing(steps: Iterable[StepSpec], secret: list[str]) -> None:
    """What one gate calls secret is not edited at another: nobody changes what they cannot see."""
    for step in steps:
        terms = step.spec.get("terms", {})
        for key in ("editable", "fillable") if secret else ():
            terms[key] = [path for path in terms.get(key, []) if not any(overlap(path, each) for each in secret)]


def settings_of(workspace: Workspace) -> ApprovalSettings:
    """The workspace's fallback; without a row it gates by nobody, which is an error at submit and never silence.

    `changed_lately`: whether anything was that may decide over an intent. Asked with it, and hardly ever true, as is
    `somebody_away`.
    """
    now = clock.now()
    found = _SETTINGS.first(workspace=workspace.pk, since=now - LATELY, now=now)
    return found or ApprovalSettings(workspace=workspace)


_SETTINGS = Prepared(
    lambda workspace, since, now: ApprovalSettings.objects.filter(workspace=workspace).annotate(
        changed_lately=Exists(entries_since(OuterRef("workspace"), since)),
        somebody_away=Exists(absences_at(OuterRef("workspace"), now)),
    )
)


def _with_policies(items: list[Item], ruling: Ruling, settings: ApprovalSettings, planned: Planned) -> list[Item]:
    if ruling.passed_by:
        planned.passed_by = "auto_approved"
    elif not ruling.found:
        items = _by_default(items, settings, planned)
    return place_all(items, gates_of(ruling, settings))


def gates_of(ruling: Ruling, settings: ApprovalSettings) -> list[PolicyGate]:
    """The gates that the policies want, those whose conditions are weighed only when they would open among them."""
    rules = [*((rule, "") for rule in ruling.required), *((rule, rule.body["match"]["when"]) for rule in ruling.later)]
    asked = [(rule, gate, when) for rule, when in rules for gate in rule.gates]
    saved = chains_named(settings.workspace_id, [gate for _, gate, _ in asked])
    return [policy_gate(rule, gate, saved, when) for rule, gate, when in asked]


def default_gate(settings: ApprovalSettings) -> PolicyGate:
    """What is asked where no policy decided."""
    rule = {"requirement": [line(settings.default_approvers or ["team:"], 1)]}
    return PolicyGate("default", "before", from_rule(rule))


def _by_default(items: list[Item], settings: ApprovalSettings, planned: Planned) -> list[Item]:
    """What happens where no policy decided."""
    if settings.unmatched == Unmatched.APPROVE:
        planned.passed_by = "no_gate"
        return items
    return merge_with_first(items, default_gate(settings))


def policy_gate(rule: Rule, gate: dict[str, Any], saved: SavedChains, when: str) -> PolicyGate:
    """`place` is a side of the work, or {side: the name of a step}. `when` is weighed once the gate would open."""
    place = gate["place"] if isinstance(gate["place"], dict) else {gate["place"]: ""}
    ((side, step),) = place.items()
    return PolicyGate(rule.source, side, from_rule(gate, saved), gate.get("title", ""), step, when)


def _who(submission: Submission, workspace: Workspace, principal: Principal, planned: Planned) -> tuple[str, list[str]]:
    """The requester, and all who are bound up with the request: the key's owners, who sent it, and the requester."""
    owners = _owners(principal)
    sender = principal.person.id if principal.person else ""
    requester = sender or next(iter(owners), "")
    if submission.requested_by:
        person = member(workspace, submission.requested_by)
        if person is None:
            raise Invalid(
                f"requested_by {submission.requested_by!r} is no member of {workspace}.", code="unknown_requester"
            )
        requester = person.ref
    if not requester:
        planned.warnings.append("No person stands behind this key: questions and the outcome go to nobody.")
    return requester, sorted({*owners, sender, requester} - {""})


def _owners(principal: Principal) -> list[str]:
    """Who made the key, then who owns its service account by now."""
    key = principal.key
    return [str(owner) for owner in (*key.owners, *key.service_account.owners)] if key else []


def _changers(items: list[Item], workspace: Workspace, intent_type: str, settings: ApprovalSettings) -> dict[str, str]:
    """Whoever changed lately what this is decided by, each with a sentence that says so."""
    names = {name for item in items if not isinstance(item, StepSpec) for name in rules_in(item.terms)}
    if not names or not getattr(settings, "changed_lately", True):
        return {}
    rules = Rules(workspace, frozenset(names), intent_type)
    return changers(rules, clock.now() - LATELY, is_on=settings.changers_wait)


def bound(excluded: list[str], workspace: Workspace, settings: ApprovalSettings) -> dict[str, str]:
    """Who stands in for somebody that may not decide, or is represented by them, each with a sentence that says so."""
    if not getattr(settings, "somebody_away", True):
        return {}
    rows = absences_at(workspace.pk, clock.now()).select_related("person", "delegate")
    return {ref: why for ref, why in linked(excluded, pairs_of(rows)).items() if ref not in excluded}


def authors(ruling: Ruling, submission: Submission, workspace: Workspace) -> list[str]:
    """Members whom the payload names as authors in a field that a matching policy lists. Only ever adds."""
    fields = [field for rule in ruling.applied for field in rule.body.get("author_fields", [])]
    named = [submission.payload.get(field.removeprefix("payload.")) for field in fields]
    flat = [name for value in named for name in (value if isinstance(value, list) else [value])]
    people = [member(workspace, name) for name in flat if isinstance(name, str)]
    return [person.ref for person in people if person]


def _about(submission: Submission, workspace: Workspace, principal: Principal, planned: Planned) -> About:
    sender = principal.key.service_account.name if principal.key else ""
    target = full_address(workspace, submission.to_agent)
    return About(submission.intent_type, target, sender, planned.requester, str(workspace), submission.payload)


def finished(item: Item, workspace: Workspace, planned: Planned, at: int, about: About) -> StepSpec:
    """The step as it is planned. Invalid for a gate that nobody could answer."""
    if isinstance(item, StepSpec):
        return item
    step, terms = item.step, completed({key: value for key, value in item.terms.items() if key != "names_nobody"})
    asking.check_inside(terms, workspace)
    check_somebody(terms, workspace, planned, step)
    ask = asking.ask_of(step.spec.get("human_task") or {}, item, about)
    deadline = terms["deadline"]
    name = step.name or free_name(f"gate-{at + 1}", {other.name for other in planned.steps})
    spec: dict[str, Any] = {"ask": ask, "terms": terms, "deadline": deadline}
    spec |= {BY_POLICY: bool(item.merged_with)} | {key: step.spec[key] for key in (ON_SUCCESS,) if key in step.spec}
    told = {"title": ask["title"], **shown(terms)}
    if item.when:
        spec["when"] = told["when"] = item.when
    return StepSpec(name, "human", step.source, spec | {"shown": told})


def check_somebody(terms: dict[str, Any], workspace: Workspace, planned: Planned, step: StepSpec) -> None:
    """Invalid if a line of the terms cannot be met by people who may decide on this intent."""
    for entry in terms["requirement"]:
        named = deciders_within(workspace, entry["who"], terms["deadline"])
        people = [person for person in named if person.ref not in planned.excluded]
        if len(people) < entry["need"]:
            reasons = planned.kept_out | planned.bound
            why = [reasons[person.ref] for person in named if person.ref in reasons]
            sentence = (
                f"The gate {step.name or step.source} needs {entry['need']} of {label(entry['who']) or 'nobody'}, but "
                f"{len(people)} could decide on this intent. An admin has to add people."
            )
            raise Invalid(" ".join([sentence, *why]), code="nobody_to_ask", details={"requirement": entry})
