"""What a gate's own keys say together. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from approvals.chains.body import Chain, chain_from
from approvals.chains.compiling import SavedChains, chain_of_rule
from approvals.linting.findings import Finding, Known
from approvals.rulebook.asks import outcome_classes
from approvals.rulebook.rule import Rule
from approvals.rulebook.times import DEFAULT_DEADLINE
from approvals.terms import places_in


def lint_gates(rule: Rule, known: Known) -> Iterator[Finding]:
    """Chains that come too late, silence that is dangerous, a count of different yeses, places that senders name."""
    for number, gate in enumerate(rule.gates):
        place = f"gates[{number}]"
        yield from _chain(rule, gate, place, known)
        if gate.get("risk") == "high" and gate.get("on_timeout") == "approve":
            yield Finding(rule.name, "silence_at_high_risk", f"{place}.on_timeout", "Silence approves at high risk.")
        yield from _yeses(rule, gate, place)
        for name in places_of(gate, known.chains):
            if name in known.places:
                yield Finding(rule.name, "place_unfit", f"{place}.post", f"{name}: {known.places[name]}")
        if isinstance(gate["place"], dict) and "senders" not in rule.body["match"]:
            (step,) = gate["place"].values()
            words = f"senders name their steps themselves: work in a step of another name than {step} may pass before"
            yield Finding(rule.name, "sender_names_step", f"{place}.place", f"{words} this gate. Limit match.senders.")


def places_of(gate: dict[str, Any], chains: SavedChains) -> list[str]:
    """Where else it is posted, at once or by a step of its chain."""
    return places_in({"post": gate.get("post"), "chain": chain_of_rule(gate, chains)})


def _chain(rule: Rule, gate: dict[str, Any], place: str, known: Known) -> Iterator[Finding]:
    deadline = gate.get("deadline", DEFAULT_DEADLINE)
    chain = chain_from(chain_of_rule(gate, known.chains))
    for step, begins, reminded in moments(chain):
        if begins >= deadline:
            words = f"step {step + 1} of the chain begins after {begins} s, and the gate ends after {deadline} s."
            yield Finding(rule.name, "chain_too_long", f"{place}.chain", words)
            return
        if reminded >= deadline:
            words = (
                f"step {step + 1} of the chain reminds last after {reminded} s, and the gate ends after {deadline} s."
            )
            yield Finding(rule.name, "chain_too_long", f"{place}.chain", words)
            return


def moments(chain: Chain) -> Iterator[tuple[int, int, int]]:
    """Each step of all rounds: which it is, when it begins, and when it reminds last, in seconds from the opening."""
    begins = 0
    for place in range(chain.places):
        pause = chain.pause_before(place)
        if pause is None:
            return
        begins += pause
        remind = chain.step_at(place).remind
        last = remind.after + (remind.most - 1) * remind.every if remind else 0
        yield place % len(chain.steps), begins, begins + last


def _yeses(rule: Rule, gate: dict[str, Any], place: str) -> Iterator[Finding]:
    yes = [name for name, cls in outcome_classes(gate).items() if cls == "yes"]
    if len(yes) > 1 and sum(line["need"] for line in gate["requirement"]) > 1:
        words = f"{' and '.join(yes)} all mean yes, and several people have to agree: the last answer is the outcome."
        yield Finding(rule.name, "several_yeses", f"{place}.outcomes", words)
