# Every target first makes .venv from the pinned versions; what is done is skipped.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: run quick peers test test-slow bench bench-check bench-accept speed lint clean

run: $(READY)
	$(BIN)/python -m bench run suites/seed.yaml -j $(JOBS)

quick: $(READY)
	$(BIN)/python -m bench run suites/quick.yaml -j $(JOBS)

# The classifiers of the extra [peers]; see peers.txt.
peers: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r peers.txt

# Many tests wait for processes of their own: two at a time take little longer each.
test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: peers
	$(BIN)/python -m pytest -m slow

# Nothing else should run on the machine meanwhile.
bench: $(READY)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only \
		--benchmark-json=bench.json

bench-check: bench
	$(BIN)/python tests/benchmarks/gate.py bench.json

bench-accept:
	$(BIN)/python tests/benchmarks/gate.py bench.json --accept

# reports/speed, and reports/seed on the way; in a fresh clone.
speed: bench
	$(BIN)/python tests/benchmarks/speed_report.py bench.json

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The build backend is pinned like everything else, hence no build isolation.
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	touch $(READY)

clean:
	rm -rf .venv
