"""The examples in the documentation of policies, which can all be saved."""

import json
import re
from pathlib import Path

import pytest

from approvals.rules import check_body

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policies.md"
EXAMPLES = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)]


@pytest.mark.parametrize("body", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_of_the_documentation_can_be_saved(body):
    check_body(body)
