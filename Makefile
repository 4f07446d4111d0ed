# The README's two commands are `make run` and `make test`; CONTRIBUTING.md tells of the others.
PYTHON ?= python3
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --annotation-style line

.DEFAULT_GOAL := help
.PHONY: help run check test reference lock pocket typewriter evaluate recordings bench soak step parity pictures clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Install what is missing and serve http://127.0.0.1:7860 (PORT=… MODEL=pocket|folder|hub-id)
	$(BIN)/python app.py --port $(PORT) $(if $(MODEL),--model "$(MODEL)")

check: $(VENV)/.check-installed ## Check style and types, of Python and of the page's JavaScript, in under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	sh tests/check-javascript.sh

test: $(VENV)/.tests-installed ## Install what tests need, a browser included, and run them all but the next
	sh tests/install-browser.sh
	$(BIN)/python -m pytest

reference: $(VENV)/.reference-installed ## Run the tests beside transformers' own model, which needs torch
	$(BIN)/python -m pytest tests/reference

lock: $(VENV)/.installed ## Resolve pyproject.toml's versions anew into the requirements files
	$(PIP) uv==0.13.9
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) -c requirements.txt --group pyproject.toml:check -o tests/check-requirements.txt
	$(LOCK) -c requirements.txt --group pyproject.toml:test -o tests/requirements.txt
	$(LOCK) -c requirements.txt --group pyproject.toml:reference -o tests/reference/requirements.txt
	$(LOCK) -c requirements.txt --group pyproject.toml:training -o training/requirements.txt
	@# torch names the versions of its CUDA packages itself, and its CPU build needs none of them.
	for file in requirements.txt tests/check-requirements.txt tests/requirements.txt \
			tests/reference/requirements.txt training/requirements.txt; do \
		{ echo '# Made by `make lock` from pyproject.toml, where the versions are chosen; do not edit.'; \
			grep -vE '^(#|nvidia|cuda|triton)' $$file; } > $$file.new && mv $$file.new $$file; \
	done

pocket: $(VENV)/.training-installed ## Train the pocket checkpoint again (hours; goes on where it stopped)
	$(BIN)/python -m training.train runs/pocket
	$(BIN)/python -m training.convert runs/pocket assets/pocket

typewriter: $(VENV)/.training-installed ## Train a typewriter on the pocket's corpus (hours; goes on where it stopped)
	$(BIN)/python -m training.train runs/typewriter --objective next-token
	$(BIN)/python -m training.convert runs/typewriter assets/pocket-typewriter

evaluate: $(VENV)/.training-installed ## Measure the pocket checkpoint: constraints, stutters, scaffold first
	$(BIN)/python -m training.evaluate

recordings: $(VENV)/.installed ## Record the gallery anew, the best of many seeds (MODEL=… SEEDS=200)
	$(BIN)/python -m training.recordings $(if $(MODEL),--model "$(MODEL)") $(if $(SEEDS),--seeds $(SEEDS))

parity: $(VENV)/.reference-installed ## Compare 100 runs with transformers and mlx-vlm (goes on where it stopped)
	mkdir -p runs
	$(BIN)/python -m bench.parity --keep runs/parity.json

step: $(VENV)/.reference-installed ## Measure our step beside mlx-vlm's: memory and time, then memory over 30 blocks
	$(BIN)/python -m bench.step
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.memory --ids 262144 --steps 1

bench: $(VENV)/.tests-installed ## Measure step time, message size, yield-to-drawn time, player frames and exports
	sh tests/install-browser.sh
	$(BIN)/python -m bench.live
	$(BIN)/python -m bench.player
	$(BIN)/python -m bench.export

soak: $(VENV)/.tests-installed ## Try to break it: 208 runs of a crowd with faults, each fault 20 times, 10,000 odd calls
	sh tests/install-browser.sh
	$(BIN)/python -m bench.soak $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m bench.faults
	$(BIN)/python -m bench.fuzz $(if $(SEED),--seed $(SEED))

pictures: $(VENV)/.tests-installed ## Draw the README's picture of the player anew from the gallery
	sh tests/install-browser.sh
	$(BIN)/python -m bench.pictures

clean: ## Remove the virtual environment
	rm -rf $(VENV)

$(VENV)/.installed: requirements.txt
	@$(PYTHON) visualizer/supported.py
	@test -w . || { echo "The folder $$(pwd) cannot be written; .venv has no place. Clone into one that you own."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/.check-installed: $(VENV)/.installed tests/check-requirements.txt
	$(PIP) -r tests/check-requirements.txt
	touch $@

$(VENV)/.tests-installed: $(VENV)/.installed tests/requirements.txt
	$(PIP) -r tests/requirements.txt
	touch $@

$(VENV)/.reference-installed: $(VENV)/.installed tests/reference/requirements.txt
	$(PIP) -r tests/reference/requirements.txt
	touch $@

$(VENV)/.training-installed: $(VENV)/.installed training/requirements.txt
	$(PIP) -r training/requirements.txt
	touch $@
