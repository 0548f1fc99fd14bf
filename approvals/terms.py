"""What a gate is opened with: the policy's words and the request's, compiled into one set of terms. Pure."""

from __future__ import annotations

from typing import Any

from approvals import conduct
from approvals.chains.body import DEFAULT_REMINDERS, MOST_REMINDERS, SHORTEST_INTERVAL, Chain, chain_from
from approvals.chains.compiling import NONE_SAVED, SavedChains, chain_of_rule, short_form
from approvals.chains.compiling import merged as merged_chain
from approvals.rules import DEFAULT_DEADLINE, LONGEST_GATE
from intents.submission import Times

CHAIN, POST = "chain:", "post:"
TermsBody = dict[str, Any]
"""{"requirement": [{"who", "need"}], "rejections", "deadline", "on_timeout",
"chain": a compiled one, "warn_before": seconds or None, "escalate_to": [whom the request wants told next],
"first": [names told first], "asked_by_request": bool, and those of `conduct`}"""


def from_rule(gate: dict[str, Any], saved: SavedChains = NONE_SAVED) -> TermsBody:
    """The terms of a policy gate, from its rule. `saved` are the chains that it may name."""
    return {
        "requirement": [line(entry["who"], entry["need"]) for entry in gate["requirement"]],
        "rejections": gate.get("rejections", 1),
        "deadline": gate.get("deadline", DEFAULT_DEADLINE),
        "on_timeout": gate.get("on_timeout", "expire"),
        "chain": chain_of_rule(gate, saved),
        "warn_before": gate.get("warn_before"),
        "escalate_to": [],
        "first": [],
        "asked_by_request": False,
        **conduct.of_rule(gate),
    }


def from_request(requirement: list[dict[str, Any]], times: Times, first: list[str]) -> tuple[TermsBody, list[str]]:
    """The terms of a gate that only the request asked for, and warnings. On silence it always expires."""
    others = [times.escalate_to] if times.escalate_to else []
    most = times.max_reminders or (1 if times.remind_interval is None else DEFAULT_REMINDERS)
    body = {
        "requirement": requirement,
        "rejections": 1,
        "deadline": min(times.deadline, LONGEST_GATE) if times.deadline else None,
        "on_timeout": "expire",
        "chain": short_form(times.remind_after, times.remind_interval, most, others),
        "warn_before": None,
        "escalate_to": others,
        "first": first,
        "asked_by_request": True,
        **conduct.NOTHING,
    }
    return body, _warnings(times, most)


def _warnings(times: Times, most: int) -> list[str]:
    """What of the request's own times is not kept to the letter."""
    warnings: list[str] = []
    interval = times.remind_interval or times.remind_after
    if interval is not None and interval < SHORTEST_INTERVAL:
        warnings.append(f"Reminders are at least {SHORTEST_INTERVAL} s apart; the interval was raised to that.")
    if most > MOST_REMINDERS:
        warnings.append(f"A gate reminds at most {MOST_REMINDERS} times; max_reminders was lowered to that.")
    if times.escalate_to and times.remind_after is None:
        warnings.append(
            "escalate_to follows the last reminder: without remind_after_seconds only a policy's reminders lead to it."
        )
    return warnings


def merge(asked: TermsBody, policy: TermsBody) -> TermsBody:
    """One gate of both: the lines of both, the earlier deadline, the stricter rules; the rest is the policy's.

    `asked` is the request's gate, or what an earlier policy has made of it.
    """
    lines: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in [*policy["requirement"], *asked["requirement"]]:
        key = tuple(entry["who"])
        if key not in lines or lines[key]["need"] < entry["need"]:
            lines[key] = entry
    deadline = min(asked["deadline"] or policy["deadline"], policy["deadline"])
    return policy | {
        "requirement": list(lines.values()),
        "rejections": min(asked["rejections"], policy["rejections"]),
        "deadline": deadline,
        "on_timeout": _on_silence(asked, policy, deadline),
        "chain": merged_chain(asked["chain"], policy["chain"]),
        "warn_before": max(policy["warn_before"] or 0, asked["warn_before"] or 0) or None,
        "escalate_to": asked["escalate_to"],
        "first": asked["first"] or policy["first"],
        **conduct.merged(asked, policy, by_request=asked["asked_by_request"]),
    }


def _on_silence(asked: TermsBody, policy: TermsBody, deadline: int) -> str:
    """Silence approves only if every policy says so and has its whole time; shortening it brings about no yes."""
    stated = [policy] if asked["asked_by_request"] else [policy, asked]
    refusals = [str(terms["on_timeout"]) for terms in stated if terms["on_timeout"] != "approve"]
    if refusals:
        return refusals[0]
    return "approve" if all(terms["deadline"] == deadline for terms in stated) else "expire"


def chain_of(body: TermsBody) -> Chain:
    """The chain that these terms carry. Terms of before there were chains have the short form."""
    if "chain" in body:
        return chain_from(body["chain"])
    after, interval = body["remind_after"], body["remind_interval"]
    return chain_from(short_form(after, interval, body["max_reminders"], body["escalate_to"]))


def names_in(body: TermsBody) -> list[str]:
    """Whose agreement these terms ask for, each name once."""
    return list(dict.fromkeys(name for entry in body["requirement"] for name in entry["who"]))


def rules_in(body: TermsBody) -> list[str]:
    """`names_in`, the saved chain that orders who of them is told when, and where else it is posted."""
    name = body["chain"]["name"].partition("@")[0]
    places = [f"{POST}{place}" for place in places_in(body)]
    return [*names_in(body), *([f"{CHAIN}{name}"] if name else []), *places]


def places_in(body: TermsBody, until: int | None = None) -> list[str]:
    """Where else the request is posted: by the gate, and by its chain's steps up to this one (None: by all of them)."""
    steps = body["chain"]["steps"] if "chain" in body else []
    by_steps = [place for step in steps[: None if until is None else until + 1] for place in step.get("post", ())]
    return list(dict.fromkeys([*(body.get("post") or ()), *by_steps]))


def completed(body: TermsBody) -> TermsBody:
    """The terms with the deadline that a gate has when nobody named one."""
    return body | {"deadline": body["deadline"] or DEFAULT_DEADLINE}


def line(who: list[str], need: int) -> dict[str, Any]:
    """One requirement line; names sorted, so that equal lines are equal."""
    return {"who": sorted(set(who)), "need": need}
