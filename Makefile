# Everything is started from here; `make` alone lists it. Needs Python 3.11 to 3.14 and nothing else.
# PYTHON=/path/to/python3.13 chooses the Python that .venv is made with.
.DEFAULT_GOAL := help
.PHONY: help demo serve down status test lint chaos tamper mutants drills prove-clocks coverage-policy interop bench fuzz openapi docs picture fresh lock clean local dev

PY := .venv/bin/python
# The same for what runs long or starts processes: it ends when make is killed, and all that it started ends with it.
RUN := $(PY) -I -S deploy/local/launch.py tied $(PY)
# The whole suite on every core, up to four; each process has a PostgreSQL and a Kafka of its own.
SPREAD := -n auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
# What a shell can tell about Python before there is one: the first that can read the bootstrap runs it; it judges them all.
READS = -c 'import sys; print(sys.version_info >= (3, 7))' 2>/dev/null
BOOTSTRAP = for p in "$$PYTHON" python3 python3.13 python3.12 python3.11 python3.14; do \
	if [ -n "$$p" ] && [ "$$("$$p" $(READS))" = True ]; then exec "$$p" deploy/local/bootstrap.py $(1); fi; done; \
	echo "cadena: no Python found. Install Python 3.11 to 3.14 (on Debian: apt install python3 python3-venv)." >&2; exit 1

help: ## this list
	@echo "Cadena: chain of custody for biological evidence."; \
	sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 27

local:
	@$(call BOOTSTRAP,local)

dev:
	@$(call BOOTSTRAP,dev)

demo: local ## the whole path once, in plain words, then stop
	@$(RUN) -m deploy.demo

serve: local ## run the six processes, founded and seeded, until Ctrl-C
	@$(RUN) -m deploy.local serve

down: ## stop what `make serve` runs in this checkout
	@if [ -x $(PY) ]; then $(PY) -m deploy.local down; else echo "Nothing is served from this checkout."; fi

status: ## what runs in this checkout, and where
	@if [ -x $(PY) ]; then $(PY) -m deploy.local status || [ $$? = 3 ]; else echo "Nothing is served from this checkout."; fi

test: dev ## all tests; ARGS=tests/shared runs a part
	@$(RUN) -m pytest $(or $(ARGS),$(SPREAD))

lint: dev ## ruff, mypy, import rules, our own checks
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy . \
	&& .venv/bin/lint-imports && $(PY) -m deploy.lint

chaos: dev ## kill everything, anywhere and at twenty named points, 40 rounds; ARGS="--rounds 3 --seed 7"
	@$(RUN) -m tests.chaos $(ARGS)

invariants: dev ## what a ledger must never stop being, test by number, in full: 100,000 proofs while it grows
	@CADENA_INVARIANTS=full $(RUN) -m pytest tests/invariants $(ARGS)

tamper: dev ## 10,000 random tampers as the database's owner, each to be found and named; ARGS="--tampers 500 --seed 7"
	@$(RUN) -m tests.tamper $(ARGS)

mutants: dev ## break each guarantee by one line and see its own test turn red; ARGS="G7 G8" takes some
	@$(RUN) -m tests.mutants $(ARGS)

prove-clocks: dev ## 100,000 random questions of dates for two clock engines that share no line; ARGS="--cases 1000 --seed 7"
	@$(RUN) -m tests.clocks $(ARGS)

coverage-policy: dev ## every branch of the clock engine is taken by its own tests
	@$(RUN) -m coverage run --branch --source=services/custody/policy --data-file=var/coverage-policy -m pytest -q tests/services/custody/policy \
	&& $(PY) -m coverage report --data-file=var/coverage-policy --skip-covered --show-missing --fail-under=100

drills: dev ## restore, take-over and a replaced Kafka, on an installation of its own (4 minutes)
	@$(RUN) -m pytest -v tests/drills $(ARGS)

interop: dev ## other people's verifiers against our log (needs Go)
	@$(RUN) -m tests.interop

fuzz: dev ## 50,000 requests made from the OpenAPI documents, well formed and not (20 minutes)
	@$(RUN) -m tests.fuzz $(ARGS)

bench: dev ## measure everything beside what others built (half an hour; ARGS="--quick", ARGS="--only a,e")
	@$(RUN) -m tests.bench $(ARGS)

openapi: local ## write the OpenAPI documents anew
	@$(PY) -m deploy.openapi

docs: openapi ## write the schemas and the generated tables of the documents anew, too
	@$(PY) -m deploy.schemas && $(PY) -m deploy.tables

picture: demo ## run the demo and take its picture for the README
	@cp var/demo/path.svg docs/path.svg && echo "docs/path.svg is drawn from this run."

fresh: dev ## clone this checkout and try everything that a first user may do to it (half an hour)
	@$(PY) -m tests.deploy.fresh

lock: dev ## resolve the requirements and the broker's jars anew
	@$(PY) -m deploy.local.lock

clean: down ## remove state and caches of this checkout (the log too), keep .venv
	@rm -rf var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
