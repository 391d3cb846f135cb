# The front door. `make run` and `make test` need Python 3.11+ and make, nothing else.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
RESOLVE := --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" $(CURDIR)/$(BIN)/npm
PYTEST := $(BIN)/python -m pytest
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-real soak check format screenshots pictures bench bench-quick constraints clean

help: ## what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv (with the kronveil command) and the console
	@$(PYTHON) tools/setup.py

setup-dev:
	@$(PYTHON) tools/setup.py --dev

run: setup ## the simulated fleet, live in a browser (options: make run ARGS="--port-offset 100")
	@$(BIN)/kronveil demo $(ARGS)

test: setup-dev ## every test that needs no server and no browser
	$(PYTEST) tests --ignore=tests/real --ignore=tests/dashboard --ignore=tests/soak -n 2 $(ARGS)
	cd dashboard && $(NPM) test --silent

test-real: setup-dev ## the same promises on real API servers and in a real browser
	$(BIN)/python tools/install_kubernetes.py
	$(BIN)/python tools/install_chromium.py
	$(PYTEST) tests/real tests/dashboard $(ARGS)

soak: setup-dev ## the long forms, which end by themselves: kills, 5,000 pods, memory (hours: make soak MINUTES=240)
	$(BIN)/python tools/install_kubernetes.py
	KRONVEIL_SOAK_MINUTES=$(MINUTES) $(PYTEST) tests/soak $(ARGS)

check: setup-dev ## format, lint, types, import rules
	$(BIN)/ruff format --check src tests tools
	$(BIN)/ruff check src tests tools
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/node tools/pyright/node_modules/pyright/index.js
	$(BIN)/lint-imports
	cd dashboard && $(NPM) run --silent check

format: setup-dev ## let the formatters write
	$(BIN)/ruff format src tests tools
	$(BIN)/ruff check --fix src tests tools

screenshots: setup-dev ## take the README's pictures of the demo anew
	$(BIN)/python tools/screenshots.py

pictures: setup-dev ## record what the tests of the console's looks compare with anew; look at them before you commit them
	$(BIN)/python tools/install_chromium.py
	KRONVEIL_RENEW_PICTURES=1 $(PYTEST) tests/dashboard/test_console_pictures.py -p no:randomly

bench: setup-dev ## every benchmark, as ratios with the goals beside them
	$(BIN)/kronveil bench $(ARGS)

bench-quick: setup-dev ## the same in under a minute
	$(BIN)/kronveil bench --quick $(ARGS)

constraints: setup-dev ## resolve the constraints files anew
	for v in 11 12 13; do \
	  $(BIN)/uv pip compile -q --python-version 3.$$v $(RESOLVE) pyproject.toml --group console --group build -o constraints/py3$$v.txt && \
	  $(BIN)/uv pip compile -q --python-version 3.$$v $(RESOLVE) pyproject.toml --group dev -o constraints/dev-py3$$v.txt || exit 1; done
	echo uv | $(BIN)/uv pip compile -q --universal $(RESOLVE) - -o constraints/bootstrap.txt

clean: ## remove what setup made
	rm -rf .venv .make dashboard/node_modules src/kronveil/api/console
