# Every target sets up .venv by itself; `make demo` and `make test` work on a fresh clone.
BIN := .venv/bin
TREE := goldbridge connectors mdm dedupe flows tests benchmarks tools
DEMO ?=
TESTS ?= tests
# One worker more than there are cores: a good part of the tests waits for a server, a vendor's client or a disk.
WORKERS ?= $(shell cores=$$(nproc 2>/dev/null || echo 2); echo $$(( (cores > 7 ? 7 : cores) + 1 )))

# Where a machine forbids Python to keep compiled modules, every command and every worker of the tests would compile all
# of them at its start, for half a second each time. In here they may be kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test mutants check format lint types contracts reference lock clean

help:
	@echo "make demo       run the whole job on a simulated landscape (DEMO='--customers 500 --seed 7')"
	@echo "make test       all tests (TESTS=tests/dedupe for some)"
	@echo "make mutants    switch off each guard of an edge case; the tests that name it must fail (GUARDS='module:name')"
	@echo "make check      format, lint, strict types, import contracts, tests: what CI runs"
	@echo "make reference  write docs/reference anew from the code"
	@echo "make lock       resolve requirements.lock anew (needs uv)"

.venv/ready: requirements.lock pyproject.toml tools/bootstrap
	@tools/bootstrap

demo: .venv/ready
	@$(BIN)/goldbridge demo $(DEMO)

test: .venv/ready
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rfEs $(TESTS)

mutants: .venv/ready
	@$(BIN)/python -m tests.mutants $(GUARDS)

check: .venv/ready format lint types contracts test

format: .venv/ready
	@$(BIN)/ruff format --check $(TREE)

lint: .venv/ready
	@$(BIN)/ruff check $(TREE)

types: .venv/ready
	@$(BIN)/mypy && $(BIN)/mypy -p tools

contracts: .venv/ready
	@$(BIN)/lint-imports

reference: .venv/ready
	@$(BIN)/python -m tools.reference

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --no-annotate --group dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache build dist
