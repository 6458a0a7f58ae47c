# make demo   from nothing to a finished report, on a copy of a bundled sample
# make test   everything CI runs: linters, types, import contract, all tests on a real engine

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENGINE := $(PYTHON) tests/engine/engine.py

# Where it is set, every test process and every start would compile what has changed, and pytest all tests, anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-full fuzz check unit bench corpus repositories reference docs pictures engine-down clean

demo: $(VENV)/ready
	@env="$$($(ENGINE) up)" && eval "$$env" && $(BIN)/dockwiz demo flask-ocr

test: check unit
	@env="$$($(ENGINE) up)" && eval "$$env" && $(BIN)/pytest -m "engine and not full"

test-full: check
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -m "not engine" --numprocesses auto
	@env="$$($(ENGINE) up)" && eval "$$env" && HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -m engine

# ten thousand generated Dockerfiles and ignore files against the engine; SEED=N repeats a run
fuzz: $(VENV)/ready
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED))

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/ready
	$(BIN)/pytest -m "not engine and not full" --numprocesses auto

bench: $(VENV)/ready
	$(BIN)/python -m tests.bench

# FOLDER holds checkouts of the repositories in tests/corpus/list.tsv: FOLDER/owner+name/
corpus: $(VENV)/ready
	$(BIN)/python -m tests.corpus $(FOLDER)

# FOLDER likewise for tests/repositories/list.tsv; REPORTS=FOLDER takes in reports of `dockwiz compare --json`
repositories: $(VENV)/ready
	$(BIN)/python -m tests.repositories $(FOLDER) $(if $(REPORTS),--reports $(REPORTS))

reference: $(VENV)/ready
	$(BIN)/python -m tests.reference

docs: $(VENV)/ready
	$(BIN)/python -m tests.docs

# STATE=FOLDER takes the figures anew from a state folder (see tests/pictures.py)
pictures: $(VENV)/ready
	$(BIN)/python -m tests.pictures $(STATE)

engine-down:
	$(ENGINE) down

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lock]"
	@# Where PYTHONDONTWRITEBYTECODE is set, every start would compile everything anew.
	$(BIN)/python -m compileall -q wizard screens
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
