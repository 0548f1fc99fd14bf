PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
PINS = .venv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make pins"
DEV = @$(PYTHON) scripts/environment.py dev
.PHONY: help up demo test chaos bench lint format pins reset clean

help:  ## show this list
	@sed -nE 's/^([a-z]+):.*## /\1: /p' Makefile
up:  ## start Countersign on this machine (PORT=8000, COUNTERSIGN_DATA=./var)
	@$(PYTHON) scripts/up.py
demo:  ## run the README's program against the started server
	@.venv/bin/python examples/demo.py
test:  ## run the suite on SQLite and PostgreSQL; DB=sqlite or DB=postgresql for one, ARGS="-k race" for pytest
	$(DEV) && COUNTERSIGN_TEST_DB=$(DB) .venv/bin/python -m tests.servers $(ARGS)
bench:  ## measure the speed on PostgreSQL and Redis, ~10 min; ARGS="--quick", "--only creates", "--write" for docs/performance.md
	$(DEV) && $(PYTHON) scripts/environment.py bench && .venv/bin/python -m tests.bench $(ARGS)
chaos:  ## pull plugs: 500 lives under each kind of fault; ARGS="--only redis-hung --lives 50"
	$(DEV) && .venv/bin/python -m tests.chaos $(ARGS)
lint:  ## style, types, import directions, missing migrations
	$(DEV) && .venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy && .venv/bin/lint-imports --no-logo && .venv/bin/python manage.py makemigrations --check --dry-run
format:  ## repair what can be repaired by itself
	$(DEV) && .venv/bin/ruff check --fix; .venv/bin/ruff format
pins:  ## compile requirements/*.txt again; ARGS=--upgrade takes newer versions
	$(DEV) && $(PINS) pyproject.toml -o requirements/run.txt $(ARGS) && $(PINS) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt $(ARGS) && $(PINS) --group bench -o requirements/bench.txt $(ARGS)
reset:  ## start over: forget all data in COUNTERSIGN_DATA (./var)
	rm -rf "$${COUNTERSIGN_DATA:-var}"
clean:  ## remove the environment and the caches
	rm -rf .venv .venv-bench .venv.log .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
