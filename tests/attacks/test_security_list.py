"""docs/security-tests.md and docs/edge-cases.md name, for each promise and line, tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "security-tests.md"
EDGES = ROOT / "docs" / "edge-cases.md"
NAME = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
HEADS = {"promise", "line", "---"}


def rows(*pages: Path) -> list[tuple[str, str]]:
    """Promise and tests of each row of each table."""
    text = "".join(page.read_text() for page in pages)
    lines = [line.strip().strip("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    assert all(len(row) == 2 for row in cells), "each row has a promise and its tests"
    return [(row[0], row[1]) for row in cells if row[0] not in HEADS]


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of the test functions of a file, which is read and not run."""
    file = ROOT / path
    nodes = ast.walk(ast.parse(file.read_text())) if file.is_file() else ()
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def missing(tests: str) -> list[str]:
    return [f"{path}::{name}" for path, name in NAME.findall(tests) if name not in names_in(path)]


ROWS = rows(PAGE, EDGES)


@pytest.mark.parametrize(("promise", "tests"), ROWS, ids=[promise[:40] for promise, _ in ROWS])
def test_promise_names_tests_that_exist(promise: str, tests: str) -> None:
    assert promise
    assert NAME.findall(tests), "no test is named"
    assert NAME.sub("", tests).strip(" ,") == "", "something else than names of tests"
    assert missing(tests) == []


def test_a_name_that_does_not_exist_would_be_found() -> None:
    gone = "`tests/attacks/test_security_list.py::test_that_is_gone`, `tests/attacks/no_such.py::test_x`"

    assert missing(gone) == [
        "tests/attacks/test_security_list.py::test_that_is_gone",
        "tests/attacks/no_such.py::test_x",
    ]


def test_the_page_has_every_part() -> None:
    parts = {line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line.startswith("## ")}

    assert parts == {
        "Who may decide",
        "What a request may and may not choose",
        "Tokens and keys",
        "Links in mails",
        "Slack",
        "Record",
        "API and tenancy",
        "Outbound",
        "Content",
        "Secrets and operations",
        "Limits",
    }
    assert len(rows(PAGE)) >= 90
    assert len(rows(EDGES)) >= 20
