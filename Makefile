# make demo: see it.  make test: check it.  Both need only Python 3.11 or newer (PYTHON=... chooses one).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
WORKERS ?= 2
PIP = $(BIN)/python -m pip --disable-pip-version-check

# Compiled programs stay in build/, so the second run is warm and nothing outside the checkout is touched.
export TINYGRAD_RNN_CACHE ?= $(CURDIR)/build/programs
export NUMBA_CACHE_DIR ?= $(CURDIR)/build/numba

# What may differ without Numba's compiler: the kernels, whatever calls one, and recurrences, which then run op by op.
# The other tests would say the same twice; tests/kernels/test_without_compiler.py keeps this list whole.
PLAIN = tests/kernels tests/ops tests/compile tests/nn tests/optim tests/strategies tests/training tests/step \
        tests/onnx tests/notebooks tests/core/test_cycles.py tests/view/test_view_fold.py tests/view/test_view_notation.py \
        tests/view/test_view_show.py tests/measure/test_summary.py tests/measure/test_flow.py \
        tests/explorer/test_explore.py tests/explorer/test_explore_live.py tests/cli/test_cli_train.py

# OpenBLAS's threads wait for one another: where other programs run, small products take a hundred times as long.
demo test test-slow test-plain examples: export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help docs demo test test-slow test-plain test-arm lint examples bench clean

help:
	@echo "make demo        create an environment, install, take the tour (about two minutes)"
	@echo "make test        create an environment, install, run the tests"
	@echo "make test-slow   the tests with the long cases, before a release"
	@echo "make test-plain  what Numba's compiler makes a difference to, with the compiler switched off"
	@echo "make test-arm    kernels and compiled recurrences on an emulated ARM processor (Debian, qemu-user-static; ten minutes)"
	@echo "make lint        style, types and floors"
	@echo "make docs        build the site into build/site"
	@echo "make examples    run every example"
	@echo "make bench       compare with whichever peers are installed"
	@echo "make clean       remove the environment and everything built"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@mkdir -p build
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/developing: pyproject.toml | $(BIN)/python
	@mkdir -p build
	$(PIP) install --quiet --editable ".[dev,plot,series,mpi,onnx,pdf,docs]"
	@touch $@ $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/tinygrad-rnn tour

test: $(VENV)/developing
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-slow: $(VENV)/developing
	SLOW_TESTS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-plain: $(VENV)/developing
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PLAIN)

# What the processor makes a difference to: the tile and its products, elementary functions, threads, compiled layers.
ARM = tests/kernels/test_products.py tests/kernels/test_scalars.py tests/kernels/test_fast.py \
      tests/kernels/test_loss_and_update.py tests/kernels/check_recurrence.py

test-arm: $(VENV)/developing
	$(BIN)/python tests/arm.py -m pytest -p no:cacheprovider $(ARM)

lint: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_floors.py

docs: $(VENV)/developing
	$(BIN)/python docs/site/build.py

examples: $(VENV)/developing
	@for example in $(CURDIR)/examples/*.py; do echo "== $$example"; (cd build && "$(CURDIR)/$(BIN)/python" "$$example") || exit 1; done

bench: $(VENV)/developing
	$(BIN)/python tests/benchmarks/eager.py $(BENCH)
	$(BIN)/python tests/benchmarks/recurrent.py $(BENCH)
	$(BIN)/python tests/benchmarks/whole_steps.py $(BENCH)
	$(BIN)/python tests/benchmarks/tasks.py $(BENCH)
	$(BIN)/python tests/benchmarks/forecasts.py $(BENCH)
	$(BIN)/python tests/benchmarks/scaling.py $(BENCH)

clean:
	rm -rf $(VENV) build dist tour .pytest_cache .hypothesis .ruff_cache .import_linter_cache
