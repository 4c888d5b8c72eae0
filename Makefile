# make demo: see it.  make test: check it.  Both need only Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
WORKERS ?= 2
export TINYGRAD_RNN_CACHE ?= $(CURDIR)/build/programs
export NUMBA_CACHE_DIR ?= $(CURDIR)/build/numba

.PHONY: help demo test lint examples bench clean

help:
	@echo "make demo      create an environment, install, take the tour (about 2 minutes)"
	@echo "make test      create an environment, install, run the tests"
	@echo "make lint      style, types and floors"
	@echo "make examples  run every example"
	@echo "make bench     compare with whichever peers are installed"
	@echo "make clean     remove the environment and everything built"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check .
	@touch $@

$(VENV)/developing: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,plot]"
	@touch $@ $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/tinygrad-rnn tour

test: $(VENV)/developing
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

examples: $(VENV)/developing
	@for example in examples/*.py; do echo "== $$example"; (cd build && ../$(BIN)/python ../$$example) || exit 1; done

bench: $(VENV)/developing
	$(BIN)/python tests/benchmarks/eager.py
	$(BIN)/python tests/benchmarks/recurrent.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .ruff_cache .import_linter_cache tour
