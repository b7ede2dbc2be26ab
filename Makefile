# Everything that people and the pipeline run. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8000
RESET ?=
# How many tests run at once.
JOBS ?= 3
# How many mutants `make fuzz` tries, and which.
N ?= 100000
SEED ?= 1
# How many heats `make races` runs for each secret.
ROUNDS ?= 1000

BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" pyproject.toml
# Compiled modules are kept, also where the environment says otherwise: tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/.set-up ## Run the broker with simulated identity providers and applications (PORT=9000, RESET=1)
	@PORT=$(PORT) RESET=$(RESET) $(BIN)/python -m broker.demo

.PHONY: test
test: needs .venv/.set-up-dev ## Check style, types and import rules, run all tests, hold the coverage floors
	@$(MAKE) --no-print-directory -j2 lint suite

.PHONY: suite
suite: .venv/.set-up-dev ## Run all tests, hold the coverage floors
	$(BIN)/python -W "ignore:Unable to activate pytest branch coverage" -m slipcover \
		-m pytest -q -n $(JOBS) --dist loadgroup --no-loadscope-reorder
	@$(BIN)/python -m tools.floors .coverage.json

.PHONY: lint
lint: .venv/.set-up-dev ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

.PHONY: format
format: .venv/.set-up-dev ## Put the code in shape, as far as a machine can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: .venv/.set-up-dev ## Measure the hot paths against a Flask "hello" on the same server
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.saml
	@$(BIN)/python -m bench.console

.PHONY: fuzz
fuzz: .venv/.set-up-dev ## Try N mutants of SAML responses and N forged ID tokens (N=100000 SEED=7)
	@$(BIN)/python -m tools.fuzz $(N) $(SEED)
	@$(BIN)/python -m tools.fuzz_id_tokens $(N) $(SEED)

.PHONY: races
races: .venv/.set-up-dev ## Race for every one-shot secret on two processes, ROUNDS times each (ROUNDS=1000)
	@$(BIN)/python -m tools.races $(ROUNDS)

.PHONY: texts
texts: .venv/.set-up-dev ## Find all texts, bring the catalogues of the languages up to date, compile them
	@$(BIN)/python -m tools.texts

.PHONY: lock
lock: .venv/.set-up-dev ## Pin the newest versions that pyproject.toml allows, with hashes
	$(LOCK) --upgrade --extra demo --output-file requirements.lock
	$(LOCK) --upgrade --extra demo --extra dev --constraint requirements.lock --output-file requirements-dev.lock

.PHONY: needs
needs:
	@$(PYTHON) tools/needs.py venv browser xmlsec1

INSTALL := @$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r

.venv/.set-up: requirements.lock tools/link.py
	@$(PYTHON) tools/needs.py venv
	@echo "Setting up .venv (half a minute, only when requirements.lock changes) …"
	@$(PYTHON) -m venv .venv
	$(INSTALL) requirements.lock
	@$(BIN)/python tools/link.py
	@touch $@

# All that production has is here too (tests/test_repository.py): one installation does for both.
.venv/.set-up-dev: requirements.lock requirements-dev.lock tools/link.py
	@$(PYTHON) tools/needs.py venv
	@echo "Setting up .venv with what tests need (a minute, only when requirements-dev.lock changes) …"
	@$(PYTHON) -m venv .venv
	$(INSTALL) requirements-dev.lock
	@$(BIN)/python tools/link.py
	@touch .venv/.set-up $@
