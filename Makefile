# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3.11
PEOPLE ?= 20000
SEED ?= 1
READY := .venv/.ready-$(firstword $(shell sha256sum requirements.txt | cut -c1-16))

.PHONY: demo test venv lock clean

demo: $(READY)
	@.venv/bin/huiliu demo --people $(PEOPLE) --seed $(SEED) --dir demo

test: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest -n 2 --dist loadfile

venv: $(READY)

# The hash in the stamp's name makes a changed requirements file install again.
$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: apt-get install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null || test -x .venv/bin/uv || .venv/bin/python -m pip install --quiet --require-hashes -r requirements-uv.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --require-hashes -r requirements.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/.ready-*; touch $@

lock: $(READY)
	for part in requirements requirements-spark requirements-uv; do \
	  PATH="$(CURDIR)/.venv/bin:$$PATH" uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet $$part.in -o $$part.txt; done

clean:
	rm -rf demo
