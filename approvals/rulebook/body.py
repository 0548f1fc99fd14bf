"""The whole body: what it matches, what it does, and its gates."""

from __future__ import annotations

from typing import Any

from approvals.conditions.language import ConditionRefused, condition
from approvals.rulebook.gate import check_gate
from approvals.rulebook.words import RuleRefused, check_choice, check_text, check_texts, only_known, texts

ACTIONS = ("require", "approve", "deny")
ON_AGENT_FAILURE = ("fail", "ask")
KEYS = ("match", "action", "continue", "author_fields", "clean_up", "on_agent_failure", "gates")
MATCH_KEYS = ("types", "senders", "targets", "when")
MOST_GATES = 20
LONGEST_NAME = 64


def check_body(body: Any) -> None:
    """RuleRefused unless `body` has the shape that `approvals.rules` shows."""
    if not isinstance(body, dict):
        raise RuleRefused("A policy is an object with match, action and gates.")
    _check_match(body.get("match"))
    check_choice(body.get("action"), ACTIONS, "action")
    only_known(body, KEYS, "The policy")
    if not isinstance(body.get("continue", False), bool):
        raise RuleRefused("continue must be true or false.")
    if "author_fields" in body:
        _check_author_fields(body["author_fields"])
    if "clean_up" in body:
        check_text(body["clean_up"], "clean_up", LONGEST_NAME)
    check_choice(body.get("on_agent_failure", "fail"), ON_AGENT_FAILURE, "on_agent_failure")
    _check_gates(body.get("gates", []), body["action"])
    _check_prior(body)


def _check_match(match: Any) -> None:
    if not isinstance(match, dict) or not texts(match.get("types")):
        raise RuleRefused('match.types must list at least one pattern, e.g. ["intent.infra.*"].')
    only_known(match, MATCH_KEYS, "match")
    if "senders" in match:
        check_texts(match["senders"], "match.senders", '["deploy-bot"]')
    if "targets" in match:
        check_texts(match["targets"], "match.targets", '["agent://acme/production/*"]')
    if "when" in match:
        check_condition(match["when"], "match.when")


def check_condition(source: Any, where: str) -> None:
    """RuleRefused with the place of the fault unless it is a condition that can be weighed."""
    if not isinstance(source, str) or not source.strip():
        raise RuleRefused(f"{where} must be a condition, e.g. \"payload.env == 'prod'\".")
    try:
        condition(source)
    except ConditionRefused as fault:
        raise RuleRefused(f"{where}: {fault}") from fault


def _check_prior(body: dict[str, Any]) -> None:
    """Earlier results are only known once there was work."""
    when = body["match"].get("when")
    if when is None or "prior" not in condition(when).names:
        return
    if body["action"] != "require":
        raise RuleRefused("match.when: prior is not known yet when an intent is sent; only require can ask about it.")
    for number, gate in enumerate(body["gates"]):
        side = gate["place"] if isinstance(gate["place"], str) else next(iter(gate["place"]))
        if side != "after":
            raise RuleRefused(f"gates[{number}].place: a policy whose condition asks about prior has only after gates.")


def _check_author_fields(names: Any) -> None:
    """A name that is never found would exclude nobody, and nobody would notice."""
    if not texts(names):
        raise RuleRefused('author_fields must list names of payload fields, e.g. ["author"].')
    if any("." in name.removeprefix("payload.") for name in names):
        raise RuleRefused("author_fields are looked for at the top of the payload only; name one without a dot.")


def _check_gates(gates: Any, action: str) -> None:
    if action == "require" and not gates:
        raise RuleRefused("A policy that requires something needs at least one gate in gates.")
    if not isinstance(gates, list) or len(gates) > MOST_GATES:
        raise RuleRefused(f"gates must be a list of at most {MOST_GATES}.")
    for number, gate in enumerate(gates):
        check_gate(gate, f"gates[{number}]")
