# The one front door: people and continuous integration type the same commands, and `make` lists them.
# Needed: a Rust toolchain, a C compiler, make and a Python >= 3.10; everything else goes into .venv.

STORE   ?= ./vectors
VENV    := .venv
BENCH   := target/bench-venv
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python3.10
SOURCES := Cargo.toml Cargo.lock pyproject.toml README.md \
           $(shell find src python -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name py.typed -o -path 'src/server/ui/*.*')
# pip holds what it installs to the versions of requirements-dev.txt.
PIP     := bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements-dev.txt
# A stamp under a virtual environment says that its step is done; touching what it depends on does it again.
WHEEL   := $(VENV)/wheel.stamp
DEMO    := $(VENV)/demo.stamp
DEV     := $(VENV)/dev.stamp

.PHONY: help demo test check soak bench wheel serve
.DEFAULT_GOAL := help

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(DEMO) $(WHEEL) ## index the documentation of Python's standard library; ask it in process and over HTTP
	@$(VENV)/bin/python -m vectord.demo --store $(STORE)

test: $(DEV) ## everything: lint, Rust and Python tests, README, notebooks; at most 20 minutes on 2 cores
	@tests/stages.sh all

check: $(DEV) ## the quick part of `make test`: formatting, lint, types, layers
	@tests/stages.sh fmt clippy tidy ruff mypy

soak: $(DEV) ## loads, kills and fuzzers at full length, and a sanitizer: VECTORD_SOAK seconds each, 600 by default
	@VECTORD_SOAK=$${VECTORD_SOAK:-600} tests/stages.sh rust sanitizer wheel pytest

# PEERS: more flags for peers.py, such as --rounds 3, --full or --readme.
bench: $(BENCH)/bench.stamp ## criterion, side by side with the peers, many processes, filters, serving; VECTORD_DATA names a directory of real vectors
	cargo bench --locked
	$(BENCH)/bin/python benches/peers.py --write benches/RESULTS.md $(PEERS)
	$(BENCH)/bin/python benches/processes.py --write benches/PROCESSES.md
	$(BENCH)/bin/python benches/filters.py --write benches/FILTERS.md
	$(BENCH)/bin/python benches/serving.py --write benches/SERVING.md

wheel: $(WHEEL) ## build the wheel into dist/ and install it into .venv

serve: $(WHEEL) ## serve ./vectors on http://127.0.0.1:3215 (STORE=... for another store)
	@$(VENV)/bin/vectord serve --store $(STORE)

# A Python counts if it answers (pyenv's shims may not), is new enough, and can make an environment with pip.
%/bin/python:
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
	    echo "$*: $$("$$python" --version) of $$(command -v "$$python")"; \
	    exec "$$python" -m venv $*; \
	  fi; \
	done; \
	echo "no Python >= 3.10 that can make a virtual environment: tried $(PYTHONS)." >&2; \
	echo "On Debian and Ubuntu: apt install python3-venv. Or name one: make PYTHON=/path/to/python3.12" >&2; \
	exit 1

$(VENV)/maturin.stamp: requirements-dev.txt | $(VENV)/bin/python
	$(VENV)/$(PIP) maturin numpy
	@touch $@

$(DEMO): $(VENV)/maturin.stamp
	$(VENV)/$(PIP) scikit-learn
	@touch $@

$(DEV): $(VENV)/maturin.stamp
	$(VENV)/$(PIP) --requirement requirements-dev.txt
	@touch $@ $(DEMO)

$(WHEEL): $(SOURCES) $(VENV)/maturin.stamp
	@rm -rf dist
	$(VENV)/bin/maturin build --release --locked --interpreter $(VENV)/bin/python --out dist
	$(VENV)/$(PIP) --no-deps --force-reinstall dist/*.whl
	@touch $@

$(BENCH)/bench.stamp: $(WHEEL) benches/requirements.txt | $(BENCH)/bin/python
	@grep -v '^#' benches/requirements.txt | while read -r peer; do \
	  $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" \
	    || echo "$$peer cannot be installed here: the table will say so" >&2; \
	done
	$(BENCH)/$(PIP) --no-deps --force-reinstall dist/*.whl
	@touch $@
