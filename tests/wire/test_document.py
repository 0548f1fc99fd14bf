"""The OpenAPI document: every route, every status, and names that stay."""

from __future__ import annotations

import json
from typing import Any

from intents.views.document import document
from tests.conftest import Api
from tests.wire.routes import routes


def operations() -> dict[str, Any]:
    """Each operation by method and path."""
    return {f"{method.upper()} {path}": op for path, ops in document()["paths"].items() for method, op in ops.items()}


def test_every_route_is_in_the_document_and_nothing_else(db: None) -> None:
    assert set(operations()) == {str(route) for route in routes()}


def test_every_operation_says_what_it_answers(db: None) -> None:
    silent = [
        name
        for name, op in operations().items()
        if "schema" not in next(iter(op["responses"]["200"]["content"].values()))
    ]

    assert silent == []
    assert all(op["summary"] and op["description"] for op in operations().values())


def test_every_operation_has_a_name_of_its_own(db: None) -> None:
    names = [op["operationId"] for op in operations().values()]

    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(db: None) -> None:
    text = json.dumps(document())
    wanted = {part.split('"', maxsplit=1)[0] for part in text.split("#/components/schemas/")[1:]}

    assert wanted <= set(document()["components"]["schemas"])


def test_a_post_takes_a_body_that_the_document_describes(db: None) -> None:
    silent = [route for route in routes() if route.method in {"POST", "PUT", "PATCH"} and route.endpoint.body is None]

    assert [str(route) for route in silent] == []


def test_the_document_needs_no_key(db: None) -> None:
    answer = Api().get("/v1/openapi.json")

    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    assert answer.json() == json.loads(json.dumps(document()))
