"""CEL itself: compiling a condition, with the place of each fault, and weighing it on the facts of one intent.

docs/adr/0010 says why this package, and what is bounded where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from approvals.conditions.facts import OF_THE_REQUEST, VARIABLES, Facts
from approvals.conditions.tokens import Counts, Token, called, count, tokens_of
from approvals.conditions.work import TooMuchWork, check_work
from intents.jsonschemas.patterns import PatternRefused, compiled

LONGEST = 2048
MOST_COMPREHENSIONS = 1
SPACE, SPENT = "facts", "spent"
_FAULT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")


class ConditionRefused(ValueError):
    """The condition is not taken. The message begins with the place of the fault, if it has one."""


@dataclass(frozen=True)
class Weighing:
    """Whether it holds; `error` says why that cannot be told."""

    holds: bool
    error: str = ""


@dataclass(frozen=True)
class Condition:
    """A condition that passed all checks. `names` are the variables that it mentions."""

    source: str
    names: frozenset[str]
    counts: Counts
    pattern_steps: int
    program: Any

    @property
    def asks_the_request(self) -> bool:
        """True if what the sender or an agent wrote decides it."""
        return not self.names.isdisjoint(OF_THE_REQUEST)

    def weigh(self, facts: Facts) -> Weighing:
        """Evaluate it; an error is an answer of its own and never raised."""
        try:
            spent = facts.kept.get(SPENT, 0.0)
            facts.kept[SPENT] = spent + check_work(self.counts, self.pattern_steps, facts.sizes, spent)
            answer = self.program.eval(activation=_activation(facts))
            value, kind = answer.plain_value(), answer.type()
        except (TooMuchWork, RuntimeError, ValueError, TypeError, OverflowError) as fault:
            return Weighing(False, str(fault)[:300])
        if kind == cel.Type.ERROR:
            return Weighing(False, _plain(str(value)))
        if not isinstance(value, bool):
            return Weighing(False, f"It gives {type(value).__name__}, not true or false.")
        return Weighing(value)


@lru_cache(maxsize=4096)
def condition(source: str) -> Condition:
    """Compile it, once. ConditionRefused for what CEL, the list of variables or our limits do not allow."""
    if len(source.encode()) > LONGEST:
        raise ConditionRefused(f"A condition has at most {LONGEST} bytes.")
    program = _compiled(source)
    if program.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise ConditionRefused(f"The condition gives {program.return_type().name().lower()}, not true or false.")
    tokens = tokens_of(source)
    counts = count(tokens)
    if counts.comprehensions > MOST_COMPREHENSIONS:
        raise ConditionRefused("A condition goes through at most one list (all, exists, exists_one, map, filter).")
    steps = sum(_pattern_steps(tokens, at) for name, at in called(tokens) if name == "matches")
    names = frozenset(token.text for token in tokens if token.kind == "name" and token.text in VARIABLES)
    return Condition(source, names, counts, steps, program)


@lru_cache(maxsize=1)
def _environment() -> Any:
    """A space of their own keeps our `type` apart from CEL's function of that name."""
    types = dict.fromkeys(VARIABLES, cel.Type.STRING)
    types |= {"payload": cel.Type.DYN, "created_at": cel.Type.TIMESTAMP}
    types["prior"] = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return cel.NewEnv(container=SPACE, variables={f"{SPACE}.{name}": kind for name, kind in types.items()})


def _activation(facts: Facts) -> Any:
    """The facts as CEL's own values: converted once for all conditions that are weighed on them."""
    if SPACE not in facts.kept:
        values = {f"{SPACE}.{name}": value for name, value in facts.values.items()}
        facts.kept[SPACE] = _environment().Activation(values)
    return facts.kept[SPACE]


def _compiled(source: str) -> Any:
    try:
        return _environment().compile(source)
    except RuntimeError as fault:
        raise ConditionRefused(_words(str(fault))) from None


def _words(fault: str) -> str:
    """The first fault with its line and column; one that has none is about the whole."""
    found = _FAULT.search(fault)
    if found is None:
        return _plain(fault)
    line, column, said = int(found[1]), int(found[2]), found[3].replace(f" (in container '{SPACE}')", "")
    if line < 1:
        return said
    if said.startswith("undeclared reference"):
        said = f"{said}; known are {', '.join(VARIABLES)}"
    return f"line {line}, column {column}: {said}"[:400]


def _plain(said: str) -> str:
    """Without the name of CEL's own kind of fault."""
    return re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", said)[:300]


def _pattern_steps(tokens: list[Token], bracket: int) -> int:
    """The size of a pattern. It is the admin's own words, or a sender could choose how long it takes."""
    if [token.text for token in tokens[bracket + 2 : bracket + 3]] != [")"] or tokens[bracket + 1].kind != "text":
        raise ConditionRefused("matches takes a pattern that is written out, e.g. payload.env.matches('^prod').")
    pattern = str(_compiled(tokens[bracket + 1].text).eval(data={}).plain_value())
    try:
        return compiled(pattern).programsize
    except PatternRefused as fault:
        raise ConditionRefused(str(fault)) from None
