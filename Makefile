# Every target first makes .venv from the pinned versions; what is done is skipped.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# Stamps: what a run needs, and beside it what tests and lint, the pages, and the
# comparison with other tools need.
READY := .venv/.installed
READY_DEV := .venv/.installed-dev
READY_DOCS := .venv/.installed-docs
READY_BENCH_PEERS := .venv/.installed-bench-peers

# Wheels alone, but for our own package, so that a pin without a wheel is found here and
# not by a compiler that a user may not have. The build backend is pinned like everything
# else, hence no build isolation.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--only-binary=:all: -c constraints.txt

# make quick TORCH=FILE: another build of the pinned torch, such as the one for CPUs.
TORCH ?=

.PHONY: run quick peers test test-slow docs site bench bench-check bench-accept \
	bench-peers speed lint publish pools clean-checkout clean FORCE

run: $(READY)
	$(BIN)/python -m bench run suites/seed.yaml -j $(JOBS)

quick: $(READY)
	$(BIN)/python -m bench run suites/quick.yaml -j $(JOBS)

# The classifiers of the extra [peers]. Its pins depart from what aeon asks for, since
# that would replace the pinned NumPy by an older one; see peers.txt.
peers: $(READY)
	@echo "aeon asks for numba<0.64, which asks for numpy<2.4: installing a later numba" \
		"with the pinned NumPy instead, so that no last bit changes (peers.txt)"
	$(INSTALL) --no-deps -r peers.txt

# Many tests wait for processes of their own: two at a time take little longer each.
test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: peers $(READY_DEV)
	$(BIN)/python -m pytest -m slow

# The pages, in site/: warnings are errors. --clean, since what its cache holds is not
# checked again.
docs: $(READY_DOCS)
	$(BIN)/python docs/tools/generate_docs.py --check
	$(BIN)/zensical build --strict --clean
	$(BIN)/python -m bench site reports/published site/reports

# The pages of the published reports, in site/reports: open site/reports/index.html.
site: $(READY)
	$(BIN)/python -m bench site reports/published site/reports

# Nothing else should run on the machine meanwhile.
bench: $(READY_DEV)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only \
		-m 'slow or not slow' \
		--benchmark-json=bench.json

bench-check: bench
	$(BIN)/python tests/benchmarks/gate.py bench.json

bench-accept:
	$(BIN)/python tests/benchmarks/gate.py bench.json --accept

# The same job by plain joblib, by benchopt and by us, and a table of them. Nothing else
# should run on the machine for this half hour.
bench-peers: $(READY_BENCH_PEERS)
	$(BIN)/python tests/benchmarks/compare_peers.py --out peers.json

# reports/speed, and reports/seed on the way; in a fresh clone.
speed: bench bench-peers
	$(BIN)/python tests/benchmarks/speed_report.py bench.json --peers peers.json

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# make publish SUITE=seed [STORE=DIR]: the report that the repository shows, from a
# clean commit, so that the commit which the report names is what computed it. A suite
# with a study is searched, which needs the extra [study], a part of [dev].
publish: clean-checkout $(READY_DEV)
	$(BIN)/python -m bench $$(grep -q '^study:' suites/$(SUITE).yaml && echo study || \
		echo run -j $(JOBS)) suites/$(SUITE).yaml --out reports/published/$(SUITE) \
		$(if $(STORE),--store '$(STORE)')

# make pools SUITE=hard: fit the networks of its mimic datasets that are not in data/pools,
# and add them. Keys hold their checksums, so do this before the suite is published.
pools: $(READY)
	$(BIN)/python -m bench.curves.mimics.published suites/$(SUITE).yaml

clean-checkout:
	@test -n "$(SUITE)" && test -f "suites/$(SUITE).yaml" || { \
		echo "SUITE is '$(SUITE)'; expected the name of a file of suites/, such as" \
			"SUITE=seed" >&2; exit 2; }
	@changed=$$(git status --porcelain -- . ':!reports/published') && \
		test -z "$$changed" || { \
		echo "the checkout differs from its commit; expected none of these changes" \
			"(commit or stash them):" $$changed >&2; exit 2; }

$(READY): pyproject.toml constraints.txt $(if $(TORCH),FORCE)
	@echo "Installing the pinned versions into .venv: minutes, most of them for torch"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(PYTHON) -c \
		'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); expected Python 3.11 or later:" \
			"name one, such as PYTHON=python3.12" >&2; exit 2; } && \
		$(PYTHON) -m venv .venv; }
	$(INSTALL) hatchling editables $(if $(TORCH),'$(TORCH)')
	$(INSTALL) --no-build-isolation -e .
	touch $(READY)

$(READY_DEV): $(READY)
	$(INSTALL) --no-build-isolation -e '.[dev]'
	touch $(READY_DEV)

$(READY_DOCS): $(READY)
	$(INSTALL) --no-build-isolation -e '.[docs]'
	touch $(READY_DOCS)

# Some of what benchopt needs is pinned in peers.txt, since the extra [peers] needs it too.
$(READY_BENCH_PEERS): $(READY)
	$(INSTALL) -c peers.txt --no-build-isolation -e '.[bench-peers]'
	touch $(READY_BENCH_PEERS)

clean:
	rm -rf .venv
