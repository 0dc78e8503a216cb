# The doors of the house. They need Python 3.11 or newer and make; all else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --constraint constraints.txt --editable

# Stamps: touched when an installation succeeded, older than its inputs when it must be repeated.
WORKER := $(VENV)/.installed-worker
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo up test pytest lint browser bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(DEV) ## Install everything, developer tools included, into .venv

demo: $(WORKER) ## Search small networks for handwritten digits, from scratch, in five minutes
	$(BIN)/nas run examples/digits.yaml --out results/

up: $(WORKER) ## Start the service and its workers on this machine
	$(BIN)/nas up

test: lint pytest ## Run the linters and all tests; with --jobs=2 side by side

# In the order of their folders: chaos, the longest, begins first. How many processes: see tests/conftest.py.
pytest: $(DEV) browser
	$(BIN)/python -m pytest --numprocesses=auto --no-loadscope-reorder --durations=15 $(PYTEST_ARGS)

lint: $(DEV) ## Check style, types and import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV) ## Run the quick form of every benchmark; figures go to results/benchmarks
	$(BIN)/python -m scripts.quick_benchmarks results/benchmarks

docs: $(DEV) ## Build the documentation as a site in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

clean: ## Remove .venv and caches; searches and results stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

browser: $(DEV)
	@$(BIN)/python -m scripts.ensure_browser

$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) was not found. Install Python 3.11 or newer," \
	    "or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv $(VENV)

$(WORKER): pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP_INSTALL) '.[worker]'
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/pip
	$(PIP_INSTALL) '.[dev]'
	@touch $(WORKER) $@
