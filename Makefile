# Two commands on a fresh machine: `make run` starts the responder, `make test` runs all tests.
PYTHON ?= python3
CONFIG ?= $(if $(wildcard config.toml),config.toml,config.example.toml)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test faults lint types check clean

run: $(VENV)/.installed
	@$(BIN)/autoreply run --config $(CONFIG)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q -n auto --cov --cov-report=term --cov-fail-under=90

# Kills, full disks, cut lines, jumping clocks, hanging plugins, in full: about an hour. FAULTS=0.1 asks for a tenth.
FAULTS ?= 1
faults: $(VENV)/.installed-dev
	AUTOREPLY_FAULTS=$(FAULTS) $(BIN)/python -m pytest -q -n0 tests/faults

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

check: $(VENV)/.installed
	@$(BIN)/autoreply check --config $(CONFIG)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fast]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fast,dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist build .coverage .mypy_cache .ruff_cache .pytest_cache
