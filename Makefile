# `make demo` and `make test` set up all they need; everything else is plain `snakemake`.

PYTHON ?= python3
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --profile profiles/local

.PHONY: demo test check lock clean

demo: .venv/installed
	$(SNAKEMAKE) demo reverse_vae_demo ifcvaegan_demo adversarial_vae_demo
	$(SNAKEMAKE) report
	@$(BIN)/python -m encore.audit verify
	@echo
	@echo "The demo trained PIAD and fitted a one-class SVM and a kernel density estimate for five digits,"
	@echo "each normal in turn, and measured how well they find the other nine; and it trained Reverse-VAE,"
	@echo "EfficientGAN and a VAE with two digits anomalous in turn. IFcVAEGAN opened and closed loops of digits, and"
	@echo "an adversarially trained VAE, a VAE by itself and BEGAN made digits of their own. Open results/index.html in"
	@echo "a browser: it shows the tables and figures, and every number leads to how it came to be."
	@echo "results/report.zip is the same, to hand on."
	@echo "Beside every result lies a record of what it was made from; the line above says that all of them hold."

test: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

.venv/installed: envs/lock.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Encore needs Python 3.11 or newer; found %d.%d. Try: make PYTHON=python3.11" \
		% sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --require-hashes --requirement envs/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The lock again, from the ranges in pyproject.toml; needs `pip install uv`.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet --output-file envs/lock.txt

clean:
	rm -rf .venv
