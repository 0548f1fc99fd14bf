"""The shape of a policy's body, and what it says about one intent. Pure: no database, no clock.

    {"match": {"types": ["intent.infra.*"]}, "action": "require" | "approve" | "deny", "continue": false,
     "author_fields": ["author"],
     "gates": [{"place": "before" | "after", "requirement": [{"who": ["team:sre"], "need": 1}], "rejections": 1,
                "deadline": 3600, "on_timeout": "expire", "title": "", "comment_required": false,
                "remind": {"after": 60, "interval": 60, "max": 3}, "escalate_to": ["team:leads"]}]}

Later rules (conditions, chains, risk) come as new keys of the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from intents.addresses import matches

ACTIONS = ("require", "approve", "deny")
PLACES = ("before", "after")
ON_TIMEOUT = ("expire", "approve", "cancel")
LEAST_TIME_TO_APPROVE_BY_SILENCE = 15 * 60
BODY_KEYS = ("match", "action", "continue", "author_fields", "gates")
GATE_KEYS = (
    *("place", "requirement", "rejections", "deadline", "on_timeout", "title", "comment_required"),
    *("remind", "escalate_to"),
)
LONGEST_GATE = 29 * 24 * 3600
DEFAULT_DEADLINE = 24 * 3600


class RuleRefused(ValueError):
    """The policy cannot be saved; the message says which key and why."""


@dataclass(frozen=True)
class Rule:
    """One version of one policy."""

    name: str
    version: int
    body: dict[str, Any]

    @property
    def source(self) -> str:
        """How plans and gates name it."""
        return f"policy:{self.name}@{self.version}"

    @property
    def action(self) -> str:
        """require, approve or deny."""
        return str(self.body["action"])

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The gates that it requires."""
        return list(self.body.get("gates", []))

    def matches(self, intent_type: str) -> bool:
        """True if one of its type patterns fits."""
        return matches(self.body["match"]["types"], intent_type)


@dataclass(frozen=True)
class Ruling:
    """What the ordered list says about one intent. `found` is False when nothing matched."""

    denied_by: Rule | None
    passed_by: Rule | None
    required: tuple[Rule, ...]
    reasons: tuple[dict[str, Any], ...]

    @property
    def found(self) -> bool:
        """True if at least one policy decided."""
        return bool(self.denied_by or self.passed_by or self.required)


def rule_on(rules: list[Rule], intent_type: str) -> Ruling:
    """A matching deny anywhere wins; otherwise the first match decides, and the next one too if it says continue."""
    fits = [rule for rule in rules if rule.matches(intent_type)]
    reasons = tuple(
        {"policy": rule.name, "version": rule.version, "matched": rule in fits, "action": rule.action} for rule in rules
    )
    denied = next((rule for rule in fits if rule.action == "deny"), None)
    required: list[Rule] = []
    passed: Rule | None = None
    for rule in fits if denied is None else []:
        if rule.action == "require":
            required.append(rule)
        else:
            passed = passed or rule
        if not rule.body.get("continue"):
            break
    return Ruling(denied, None if required else passed, tuple(required), reasons)


def check_body(body: Any) -> None:
    """RuleRefused unless `body` has the shape above."""
    if not isinstance(body, dict):
        raise RuleRefused("A policy is an object with match, action and gates.")
    types = body.get("match", {}).get("types") if isinstance(body.get("match"), dict) else None
    if not _texts(types):
        raise RuleRefused('match.types must list at least one pattern, e.g. ["intent.infra.*"].')
    if body.get("action") not in ACTIONS:
        raise RuleRefused(f"action must be one of {', '.join(ACTIONS)}.")
    _only_known(body, BODY_KEYS, "The policy")
    if body["action"] == "require" and not body.get("gates"):
        raise RuleRefused("A policy that requires something needs at least one gate in gates.")
    if not isinstance(body.get("gates", []), list):
        raise RuleRefused("gates must be a list.")
    if "author_fields" in body:
        _check_author_fields(body["author_fields"])
    for number, gate in enumerate(body.get("gates", [])):
        _check_gate(gate, f"gates[{number}]")


def _check_author_fields(names: Any) -> None:
    """A name that is never found would exclude nobody, and nobody would notice."""
    if not _texts(names):
        raise RuleRefused('author_fields must list names of payload fields, e.g. ["author"].')
    if any("." in name.removeprefix("payload.") for name in names):
        raise RuleRefused("author_fields are looked for at the top of the payload only; name one without a dot.")


def _check_gate(gate: Any, where: str) -> None:
    if not isinstance(gate, dict) or gate.get("place") not in PLACES:
        raise RuleRefused(f"{where}.place must be before or after.")
    _only_known(gate, GATE_KEYS, where)
    lines = gate.get("requirement")
    if not isinstance(lines, list) or not lines:
        raise RuleRefused(f"{where}.requirement must name who has to agree.")
    for number, line in enumerate(lines):
        if not isinstance(line, dict) or not _texts(line.get("who")) or not _count(line.get("need")):
            raise RuleRefused(f'{where}.requirement[{number}] must look like {{"who": ["team:sre"], "need": 1}}.')
    if not _count(gate.get("rejections", 1)):
        raise RuleRefused(f"{where}.rejections must be 1 or more.")
    if not isinstance(gate.get("title", ""), str):
        raise RuleRefused(f"{where}.title must be a text.")
    _check_times(gate, where)
    _check_chain(gate, where)


def _only_known(value: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    """A misspelt key would silently mean nothing."""
    strange = sorted(set(value) - set(known))
    if strange:
        raise RuleRefused(f"{where} has an unknown key {strange[0]!r}; known are {', '.join(known)}.")


def _check_times(gate: dict[str, Any], where: str) -> None:
    deadline = gate.get("deadline", DEFAULT_DEADLINE)
    if not _count(deadline) or deadline > LONGEST_GATE:
        raise RuleRefused(f"{where}.deadline is in seconds, from 1 to {LONGEST_GATE} (29 days).")
    if gate.get("on_timeout", "expire") == "approve" and (
        "deadline" not in gate or deadline < LEAST_TIME_TO_APPROVE_BY_SILENCE
    ):
        raise RuleRefused(f"{where}: on_timeout approve needs a deadline of its own of at least 15 minutes.")
    on_timeout = gate.get("on_timeout", "expire")
    if on_timeout not in (*ON_TIMEOUT, "rejected", "failed", "declined"):
        raise RuleRefused(f"{where}.on_timeout must be {', '.join(ON_TIMEOUT)} or a no outcome such as rejected.")


def _check_chain(gate: dict[str, Any], where: str) -> None:
    remind = gate.get("remind") or {"after": 60}
    if not isinstance(remind, dict) or not all(
        _count(remind.get(key, default)) for key, default in (("after", None), ("interval", 60), ("max", 1))
    ):
        raise RuleRefused(f'{where}.remind must look like {{"after": 60, "interval": 60, "max": 3}}, in seconds.')
    if gate.get("escalate_to") and not _texts(gate["escalate_to"]):
        raise RuleRefused(f'{where}.escalate_to must list people or teams, e.g. ["team:leads"].')


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
