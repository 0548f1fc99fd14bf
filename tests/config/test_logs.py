"""What a log line carries, and what it never does."""

import json
import logging
import logging.config

import pytest

from config.logs import Line, logging_config
from tests.factories import send


def record(**extra) -> logging.LogRecord:
    logger = logging.getLogger("countersign.events")
    return logger.makeRecord(logger.name, logging.INFO, "x.py", 1, "intent.created", (), None, extra=extra)


def formatter(kind: str):
    config = logging.config.DictConfigurator(logging_config(kind, "INFO"))
    return config.configure_formatter(config.config["formatters"][kind])


def test_json_line_has_the_extras_as_fields():
    line = json.loads(formatter("json").format(record(intent="42", seq=3)))

    assert line["message"] == "intent.created"
    assert (line["intent"], line["seq"], line["level"]) == ("42", 3, "INFO")
    assert "at" in line


def test_plain_line_has_the_extras_at_its_end():
    line = formatter("line").format(record(intent="42", seq=3))

    assert isinstance(formatter("line"), Line)
    assert line.endswith("INFO countersign.events intent.created intent=42 seq=3")


def test_a_request_is_not_written_with_a_line():
    config = logging_config("json", "INFO")
    line = record(request="/welcome/one-time-secret")
    passes = logging.config.DictConfigurator(config).configure_filter(config["filters"]["ours"]).filter(line)

    assert passes
    assert "one-time-secret" not in formatter("json").format(line)


def test_each_event_is_one_line_when_it_is_committed(world, caplog, django_capture_on_commit_callbacks):
    caplog.set_level(logging.INFO, "countersign.events")

    with django_capture_on_commit_callbacks(execute=True):
        intent = send(world, payload={"note": "very private"})

    said = [entry for entry in caplog.records if entry.name == "countersign.events"]
    assert [entry.seq for entry in said] == list(range(1, len(said) + 1))
    assert {entry.intent for entry in said} == {str(intent.pk)}
    assert "very private" not in caplog.text


def test_nothing_is_said_when_the_transaction_was_rolled_back(world, caplog, django_capture_on_commit_callbacks):
    caplog.set_level(logging.INFO, "countersign.events")

    with django_capture_on_commit_callbacks(execute=False):
        send(world)

    assert not [entry for entry in caplog.records if entry.name == "countersign.events"]


@pytest.mark.parametrize("name", ["celery.worker.strategy", "django.security.csrf"])
def test_chatter_is_silent_when_the_level_is_info(name):
    loggers = logging_config("json", "INFO")["loggers"]

    level = next(found["level"] for prefix, found in loggers.items() if name.startswith(prefix))

    assert level in ("WARNING", "ERROR")
