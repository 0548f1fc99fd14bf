"""Which policies match an intent: of 1,000, most of them with a condition; in memory, and read from the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from approvals.activerules import active_list, active_rules
from approvals.conditions.facts import Facts
from approvals.models import Policy, PolicyVersion
from approvals.rules import Ruling, rule_on
from approvals.weighing import facts_of_intent, with_schema
from tests.bench.house import House
from tests.bench.report import Row, spread
from tests.factories import facts, gate_rule, send

LISTED = 1000
PAYLOAD = {"env": "prod", "size": 7, "hosts": [{"name": f"db-{number}", "cores": number} for number in range(50)]}


def matching(house: House) -> Iterator[Row]:
    """Every condition is weighed, as a deny could stand last; compiled once, as in a process that runs."""
    rounds = 50 if house.quick else 300
    with house.fresh("matching"):
        fill(house, LISTED)
        rules, about = active_rules(house.world.workspace), facts(payload=PAYLOAD)
        weighed = sum("when" in rule.body["match"] for rule in rules)
        pure = timed(lambda: rule_on(rules, about.knowing()), rounds)
        reading = timed(lambda: read_and_weighed(house, about), rounds)
        intent = send(house.world, payload=PAYLOAD)
        known = with_schema(facts_of_intent(intent), rules, house.world.workspace)
        assert rule_on(rules, known).found
        whole = timed(lambda: send(house.world, payload=PAYLOAD), rounds)
    note = f"{weighed} conditions weighed, a payload of {len(PAYLOAD['hosts'])} hosts"
    yield Row(f"matching an intent against {LISTED:,} policies, in memory", spread(pure), note=note)
    yield Row("the same with the list read from PostgreSQL", spread(reading))
    yield Row(f"an intent sent under {LISTED:,} policies, without HTTP", spread(whole))


def fill(house: House, count: int) -> None:
    """A tenth for other types, a tenth for other senders, the rest with a condition each; the last one asks."""
    shapes = [match_of(number) for number in range(count - 1)]
    bodies = [{"match": match, "action": "require", "gates": [gate_rule("team:sre")]} for match in shapes]
    bodies.append({"match": {"types": ["*"]}, "action": "require", "gates": [gate_rule("team:sre")]})
    workspace = house.world.workspace
    rows = Policy.objects.bulk_create(
        Policy(workspace=workspace, name=f"p{at}", position=at, version=1) for at in range(count)
    )
    PolicyVersion.objects.bulk_create(
        PolicyVersion(policy=row, number=1, body=body) for row, body in zip(rows, bodies, strict=True)
    )


def read_and_weighed(house: House, about: Facts) -> Ruling:
    """As for a request: read from PostgreSQL, and worked out only if something has changed."""
    listed = active_list(house.world.workspace)
    return listed.rule_on(listed.about(about.type), about)


def match_of(number: int) -> dict[str, object]:
    """What the policy of this number matches: never the intent that is sent."""
    if number % 10 == 0:
        return {"types": ["intent.other.*"]}
    if number % 10 == 1:
        return {"types": ["*"], "senders": [f"bot-{number}"]}
    if number % 10 == 2:
        return {"types": ["*"], "when": f"payload.hosts.exists(host, host.cores > {number + 100})"}
    return {"types": ["*"], "when": f"payload.env == 'prod-{number}' && payload.size > {number}"}


def timed(act: Callable[[], object], rounds: int) -> list[float]:
    """How long each took, in seconds, after one that does not count."""
    act()
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return took
