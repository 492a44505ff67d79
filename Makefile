# Two commands matter: `make demo` to see truckkit, `make test` to check everything that CI checks.
# Both make their own environment in .venv and use it again until what is pinned changes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# What checks notebooks takes each process seconds to import, so it is left out where there are none.
PYTEST := $(BIN)/pytest -p no:nbval
# Two processes; a file stays in one of them, so that it makes its stores and servers once.
BY_TWO := -n 2 --dist loadfile

PINNED := pyproject.toml constraints.txt
FOR_DEMO := $(VENV)/.made-for-demo
FOR_TESTS := $(VENV)/.made-for-tests
FOR_BENCH := $(VENV)/.made-for-bench

# Tests begin some hundred processes, and where this is set each of them compiles every module that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test checks soak bench bench-quick format lint types floors notebooks tests spark fix docs \
        constraints clean

help:
	@echo 'make demo         simulate a small mine, serve it and print the address'
	@echo 'make test         format, lint, types, import floors, tests, examples, notebooks'
	@echo 'make spark        the tests of analysis on Spark'
	@echo 'make soak         break a store as often as its promises say: some hours'
	@echo 'make bench        measure everything that has a goal: some hours; writes docs/speed.md'
	@echo 'make bench-quick  the quick forms of it, in two minutes'
	@echo 'make fix          tidy the code and write the generated pages again'
	@echo 'make docs         write docs/schema.md and docs/rest.md again'
	@echo 'make constraints  write constraints.txt again from a fresh environment'
	@echo 'make clean        remove the environment and caches'

# Environments ------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'truckkit needs Python 3.11 or newer, and $(PYTHON) is older: say make PYTHON=python3.11'; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'no environment without venv: apt-get install python3-venv'; exit 1; }

# Compiling every module at once costs half of the time; those that are used compile when they are.
# An environment for tests holds all that the demo needs.
$(FOR_DEMO): $(PINNED) | $(BIN)/python
	@test -e $(FOR_TESTS) || echo 'Installing truckkit into $(VENV): a minute or two, once.'
	$(PIP) install --no-compile -c constraints.txt -e '.$(if $(wildcard $(FOR_TESTS)),[dev])'
	@touch $@

$(FOR_TESTS): $(PINNED) | $(BIN)/python
	@echo 'Installing truckkit and its tools into $(VENV): two minutes or so, once.'
	$(PIP) install --no-compile -c constraints.txt -e '.[dev]'
	@touch $@ $(FOR_DEMO)

$(FOR_BENCH): $(PINNED) | $(BIN)/python
	@echo 'Installing truckkit, its tools and what it is measured with into $(VENV): two minutes or so, once.'
	$(PIP) install --no-compile -c constraints.txt -e '.[dev,bench]'
	@touch $@ $(FOR_TESTS) $(FOR_DEMO)

# What people run ---------------------------------------------------------------------------------

demo: $(FOR_DEMO)
	$(BIN)/truckkit demo

# Two at a time: most of the checks keep one core busy, and the tests wait for disks and browsers now and then. The
# environment is made before, for nothing may be installed where tests run.
test: $(FOR_BENCH)
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target checks

# The long one first, so that the others run beside it.
checks: tests format lint types floors spark notebooks bench-quick

format: $(FOR_TESTS)
	$(BIN)/ruff format --check .

lint: $(FOR_TESTS)
	$(BIN)/ruff check .

types: $(FOR_TESTS)
	$(BIN)/mypy

floors: $(FOR_TESTS)
	$(BIN)/lint-imports

# As root, for some of it mounts file systems. A failure prints its seed: make soak TRUCKKIT_SEED=… tries it again.
soak: export TRUCKKIT_SOAK = 1
soak: $(FOR_TESTS)
	$(PYTEST) $(BY_TWO) tests/promises tests/test_apart.py

# Peers that are no Python packages (InfluxDB, PostgreSQL) are measured where they are installed.
bench: $(FOR_BENCH)
	$(BIN)/python bench/all.py $(BENCHES)

bench-quick: $(FOR_BENCH)
	$(BIN)/python bench/all.py --quick $(BENCHES)

tests: $(FOR_TESTS)
	$(PYTEST) $(BY_TWO)

# The tests of analysis once more, with Spark behind the sites of strips; see docs/engines.md.
OF_ANALYSIS := tests/metrics $(patsubst %,tests/test_%.py,align detecting_apart doubted engines explanation places quality questions)

# In one process: it takes a Spark ten seconds to start.
spark: $(FOR_TESTS)
	$(PYTEST) --engine spark $(OF_ANALYSIS)

# Warnings are errors in a notebook's kernel too (not in pip's); the exception is the one of pyproject.toml.
notebooks: $(FOR_TESTS)
	PYTHONWARNINGS="error,ignore:The 'future.infer_string' option is deprecated:DeprecationWarning" $(BIN)/pytest $(BY_TWO) --nbval-lax notebooks

fix: $(FOR_TESTS) docs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(FOR_TESTS)
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_rest.py

# Taken from an environment that holds nothing else, so that nothing slips in.
constraints:
	rm -rf build/fresh
	$(PYTHON) -m venv build/fresh
	build/fresh/bin/python -m pip --disable-pip-version-check -q install -e '.[dev,bench]'
	{ echo '# The versions that make demo and make test install; written by `make constraints`.'; \
	  build/fresh/bin/python -m pip freeze --exclude-editable; } > constraints.txt.new
	mv constraints.txt.new constraints.txt
	rm -rf build/fresh

clean:
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
