# Every target stands on `.venv`, which is made from the lock file requirements.txt. What a deployment needs of it is
# locked once more in requirements-run.txt, for the image.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo run test check lock bench faults clauses assets

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/ready

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv from the lock file (again only when it changed)
	@:

$(READY): requirements.txt pyproject.toml
	@[ -n "$(PYTHON)" ] && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Datrys needs Python 3.11 or later: install it, or name it: make PYTHON=/path/to/python setup" >&2; exit 1; }
	@[ -x $(BIN)/python ] && $(BIN)/python -c '' 2>/dev/null || \
		{ echo "Making .venv …" >&2; "$(PYTHON)" -m venv --clear .venv; }
	@echo "Installing what requirements.txt names (a minute or two the first time) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## play whole cases over a Christmas, told as they happen, and leave a page of them
	@$(BIN)/datrys demo

run: $(READY) ## start everything on this machine: Temporal, worker, records, mailbox
	@$(BIN)/datrys up

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: $(READY) ## lint, check the format and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(READY) ## make both lock files again from pyproject.toml, with hashes and no download addresses
	$(BIN)/$(LOCK) --upgrade --extra up --extra dev --output-file requirements.txt
	$(BIN)/$(LOCK) --upgrade --constraints requirements.txt --output-file requirements-run.txt

bench: $(READY) ## measure
	$(BIN)/python -m bench

faults: $(READY) ## break whatever can break, and see that nothing is lost
	$(BIN)/python -m faults

clauses: $(READY) ## write docs/clauses.md: which test holds which clause
	$(BIN)/python -m tests.clauses

ASSETS := starter/pages/assets

assets: ## build the styles and scripts of the pages again (needs Node.js and npm; nothing else does)
	@npm ci --prefix assets --ignore-scripts --omit=optional --no-audit --no-fund
	@cd assets && npm exec --offline -- sass --style=compressed --no-source-map --no-error-css --load-path=node_modules \
		datrys.scss ../$(ASSETS)/datrys.css
	@sed 's|//# sourceMappingURL=.*||' assets/node_modules/govuk-frontend/dist/govuk/govuk-frontend.min.js \
		> $(ASSETS)/govuk-frontend.min.js
