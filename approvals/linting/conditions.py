"""Conditions that err on a payload that its schema allows, and what lets pass by words of the sender. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from approvals.conditions.facts import Facts
from approvals.conditions.language import Condition, ConditionRefused
from approvals.linting.examples import examples_of
from approvals.linting.findings import Finding, Known
from approvals.rulebook.rule import Rule

PLACE = "match.when"
WORDS_OF_THE_SENDER = ("scenario", "requester")
EFFECT = {"approve": "then it lets nothing pass", "deny": "then it denies", "require": "then it asks"}


def lint_conditions(rule: Rule, known: Known) -> Iterator[Finding]:
    """By example payloads of each registered type that the policy is for."""
    try:
        asked = rule.when
    except ConditionRefused as fault:
        yield Finding(rule.name, "condition_refused", PLACE, f"{fault}; {EFFECT[rule.action]}.")
        return
    if rule.action == "approve":
        yield from _lets_pass(rule, asked, known)
    if asked is None or "payload" not in asked.names or "prior" in asked.names:
        return
    for name, schema in known.schemas.items():
        if rule.is_for(name):
            error = _first_error(asked, name, schema, known)
            if error:
                words = f"it errs for a payload that the schema of {name} allows ({error}); {EFFECT[rule.action]}."
                yield Finding(rule.name, "condition_errs", PLACE, words)


def _first_error(asked: Condition, name: str, schema: dict[str, object], known: Known) -> str:
    target = "agent://org/workspace/name"
    for payload in examples_of(schema):
        facts = Facts(name, "sender", "", target, payload, "", known.now)
        error = asked.weigh(facts).error
        if error:
            return error
    return ""


def _lets_pass(rule: Rule, asked: Condition | None, known: Known) -> Iterator[Finding]:
    if asked is not None and asked.asks_the_request:
        for name, why in known.open_types.items():
            if rule.is_for(name):
                yield Finding(rule.name, "open_schema", PLACE, f"nothing of {name} passes: {why}.")
    for name in WORDS_OF_THE_SENDER if asked is not None else ():
        if asked is not None and name in asked.names:
            words = f"{name} is a word of the sender: whoever knows a right one can let themselves pass."
            yield Finding(rule.name, "sender_chooses", PLACE, words)
    if any(pattern.endswith("*") for pattern in rule.body["match"].get("senders", [])):
        words = "a key that provisions can make accounts whose names fit this pattern: write the names in full."
        yield Finding(rule.name, "sender_chooses", "match.senders", words)
