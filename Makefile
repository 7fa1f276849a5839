# make demo   on a fresh machine: environment, install, check of the two invented editors, where the HTML lies
# make test   environment, install, every test
# make check  ruff, mypy --strict, import-linter
# make bench  the measurements, side by side (see bench/)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench fixtures clean

demo: $(VENV)/.runtime
	$(BIN)/dui-conformance demo

test: $(VENV)/.development
	$(BIN)/python -m pytest -n 2 tests

check: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.development
	$(BIN)/python -m bench

fixtures: $(VENV)/.development
	$(BIN)/pip install --quiet --editable ".[fixtures]"
	$(BIN)/python -m fixtures.build

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.development: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable ".[test,check]"
	touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
