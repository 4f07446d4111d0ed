# The README's two commands are `make run` and `make test`.
PYTHON ?= python3
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test lint pocket evaluate recordings bench step parity pictures clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Install what is missing and serve http://127.0.0.1:7860 (PORT=… MODEL=pocket|folder|hub-id)
	$(BIN)/python app.py --port $(PORT) $(if $(MODEL),--model "$(MODEL)")

test: $(VENV)/.tests-installed ## Install what tests need, a browser included, and run them all
	sh tests/install-browser.sh
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

lint: $(VENV)/.tests-installed ## Check style
	$(BIN)/ruff check .

pocket: $(VENV)/.training-installed ## Train the pocket checkpoint again (hours; goes on where it stopped)
	$(BIN)/python -m training.train runs/pocket
	$(BIN)/python -m training.convert runs/pocket assets/pocket

evaluate: $(VENV)/.training-installed ## Measure the pocket checkpoint: constraints, stutters, scaffold first
	$(BIN)/python -m training.evaluate

recordings: $(VENV)/.installed ## Record the gallery anew (MODEL=… SEED=…)
	$(BIN)/python -m visualizer.run.gallery $(if $(MODEL),--model "$(MODEL)") $(if $(SEED),--seed $(SEED))

parity: $(VENV)/.tests-installed ## Compare 100 runs with transformers and mlx-vlm (goes on where it stopped)
	mkdir -p runs
	$(BIN)/python -m bench.parity --keep runs/parity.json

step: $(VENV)/.tests-installed ## Measure our step beside mlx-vlm's: memory and time, then memory over 30 blocks
	$(BIN)/python -m bench.step
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.memory --ids 262144 --steps 1

bench: $(VENV)/.tests-installed ## Measure step time, message size, yield-to-drawn time, player frames and exports
	sh tests/install-browser.sh
	$(BIN)/python -m bench.live
	$(BIN)/python -m bench.player
	$(BIN)/python -m bench.export

pictures: $(VENV)/.tests-installed ## Draw the README's pictures anew from the gallery's recordings
	sh tests/install-browser.sh
	$(BIN)/python -m bench.pictures

clean: ## Remove the virtual environment
	rm -rf $(VENV)

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $$($(PYTHON) --version) was found. Try make run PYTHON=python3.12"; exit 1; }
	@test -w . || { echo "The folder $$(pwd) cannot be written; .venv has no place. Clone into one that you own."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.tests-installed: $(VENV)/.installed tests/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

$(VENV)/.training-installed: $(VENV)/.installed training/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r training/requirements.txt
	touch $@
