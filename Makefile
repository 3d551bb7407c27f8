# Two commands set everything up: `make demo` and `make test`. The environment lives in .venv, nothing else is touched.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: demo test test-slow lint types validation benchmarks docs lock clean

demo: $(VENV)/.installed
	$(BIN)/nociscope demo demo --overwrite

test: $(VENV)/.installed-test lint types
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n $(WORKERS) -m slow

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

validation: $(VENV)/.installed-test
	for script in docs/validation/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

benchmarks: $(VENV)/.installed-test
	for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(VENV)/.installed-docs
	$(BIN)/python docs/make_tables.py
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

# The lock records what we test with; users install from pyproject.toml, unpinned.
lock: $(VENV)/.installed-test
	$(BIN)/pip freeze --exclude-editable | sed '/^-/d;/ @ /d' > requirements-lock.txt

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis docs/_build

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "nociscope needs Python 3.11 or newer with the venv module" \
	  "(on Debian: apt install python3-venv). Name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@
