"""What a gate is opened with: the policy's words and the request's, compiled into one set of terms. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from approvals.chain import DEFAULT_REMINDERS, MOST_REMINDERS, SHORTEST_INTERVAL, Chain
from approvals.rules import DEFAULT_DEADLINE, LONGEST_GATE
from intents.submission import Times

TermsBody = dict[str, Any]
"""{"requirement": [{"who", "need"}], "rejections", "deadline", "on_timeout", "remind_after", "remind_interval",
"max_reminders", "escalate_to", "comment_required", "first": [names told first], "asked_by_request": bool}"""


def from_rule(gate: dict[str, Any]) -> TermsBody:
    """The terms of a policy gate, from its rule."""
    remind = gate.get("remind", {})
    chain = Chain(
        remind_after=remind.get("after"),
        remind_interval=max(remind.get("interval") or remind.get("after"), SHORTEST_INTERVAL) if remind else None,
        max_reminders=min(remind.get("max", DEFAULT_REMINDERS), MOST_REMINDERS),
        escalate_to=tuple(gate.get("escalate_to", ())),
    )
    return {
        "requirement": [line(entry["who"], entry["need"]) for entry in gate["requirement"]],
        "rejections": gate.get("rejections", 1),
        "deadline": gate.get("deadline", DEFAULT_DEADLINE),
        "on_timeout": gate.get("on_timeout", "expire"),
        "comment_required": bool(gate.get("comment_required", False)),
        "first": [],
        "asked_by_request": False,
        **_chain_body(chain),
        **({"extend": gate["extend"]} if gate.get("extend") else {}),
    }


def from_request(requirement: list[dict[str, Any]], times: Times, first: list[str]) -> tuple[TermsBody, list[str]]:
    """The terms of a gate that only the request asked for, and warnings. On silence it always expires."""
    warnings: list[str] = []
    interval = times.remind_interval or times.remind_after
    if interval is not None and interval < SHORTEST_INTERVAL:
        warnings.append(f"Reminders are at least {SHORTEST_INTERVAL} s apart; the interval was raised to that.")
        interval = SHORTEST_INTERVAL
    most = times.max_reminders or (1 if times.remind_interval is None else DEFAULT_REMINDERS)
    if most > MOST_REMINDERS:
        warnings.append(f"A gate reminds at most {MOST_REMINDERS} times; max_reminders was lowered to that.")
    if times.escalate_to and times.remind_after is None:
        warnings.append(
            "escalate_to follows the last reminder: without remind_after_seconds only a policy's reminders lead to it."
        )
    deadline = min(times.deadline, LONGEST_GATE) if times.deadline else None
    chain = Chain(
        remind_after=times.remind_after,
        remind_interval=interval,
        max_reminders=min(most, MOST_REMINDERS),
        escalate_to=(times.escalate_to,) if times.escalate_to else (),
    )
    body = {
        "requirement": requirement,
        "rejections": 1,
        "deadline": deadline,
        "on_timeout": "expire",
        "comment_required": False,
        "first": first,
        "asked_by_request": True,
        **_chain_body(chain),
    }
    return body, warnings


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
    merged = policy | {
        "requirement": list(lines.values()),
        "rejections": min(asked["rejections"], policy["rejections"]),
        "deadline": deadline,
        "on_timeout": _on_silence(asked, policy, deadline),
        "comment_required": asked["comment_required"] or policy["comment_required"],
        "first": asked["first"] or policy["first"],
    }
    if policy["remind_after"] is None:
        merged |= {key: asked[key] for key in ("remind_after", "remind_interval", "max_reminders")}
    if not policy["escalate_to"]:
        merged["escalate_to"] = asked["escalate_to"]
    if not asked["asked_by_request"] and "extend" in merged:
        merged["extend"] = _lesser(asked.get("extend"), policy.get("extend"))
    return merged


def _lesser(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of two permissions to extend the one for less time; none, if either policy lets nobody extend."""
    return min(one, other, key=lambda extend: extend["most"]) if one and other else None


def _on_silence(asked: TermsBody, policy: TermsBody, deadline: int) -> str:
    """Silence approves only if every policy says so and has its whole time; shortening it brings about no yes."""
    stated = [policy] if asked["asked_by_request"] else [policy, asked]
    refusals = [str(terms["on_timeout"]) for terms in stated if terms["on_timeout"] != "approve"]
    if refusals:
        return refusals[0]
    return "approve" if all(terms["deadline"] == deadline for terms in stated) else "expire"


def chain_of(body: TermsBody) -> Chain:
    """The chain that these terms carry."""
    return Chain(body["remind_after"], body["remind_interval"], body["max_reminders"], tuple(body["escalate_to"]))


def names_in(body: TermsBody) -> list[str]:
    """Whose agreement these terms ask for, each name once."""
    return list(dict.fromkeys(name for entry in body["requirement"] for name in entry["who"]))


def completed(body: TermsBody) -> TermsBody:
    """The terms with the deadline that a gate has when nobody named one."""
    return body | {"deadline": body["deadline"] or DEFAULT_DEADLINE}


def line(who: list[str], need: int) -> dict[str, Any]:
    """One requirement line; names sorted, so that equal lines are equal."""
    return {"who": sorted(set(who)), "need": need}


def _chain_body(chain: Chain) -> dict[str, Any]:
    body = asdict(chain)
    return body | {"escalate_to": list(chain.escalate_to)}
