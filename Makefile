# Two commands do all the set-up: `make demo` and `make test`.
# The versions that the lock has wheels for; the first one found gets the whole suite, the others a part of it.
VERSIONS := 3.11 3.12 3.13
# A name on the PATH may be a stand-in that does not run, or a Python that can make no environment.
found = $(shell which -a python$(1) 2>/dev/null | while read one; do "$$one" -c 'import ensurepip, venv' 2>/dev/null && echo "$$one" && break; done)
PYTHON ?= $(firstword $(foreach version,$(VERSIONS),$(call found,$(version))))
PEOPLE ?= 20000
SEED ?= 1
READY := .venv/.ready-$(firstword $(shell sha256sum requirements.txt | cut -c1-16))
# The tests need Spark beside it; a demo on the embedded engine does not.
SPARK_READY := .venv/.ready-spark-$(firstword $(shell sha256sum requirements-spark.txt | cut -c1-16))

# What a Python of another version could break: declarations, an installed command, one run the whole way.
OTHERS := tests/declarations/test_declarations.py tests/project/test_installing.py "tests/steps/test_whole_way.py::test_every_planted_defect_has_its_outcome_and_nothing_else_does[11]"

.PHONY: demo test embedded on-spark cluster coverage parity others venv spark java lock clean

demo: $(READY)
	@.venv/bin/huiliu demo --people $(PEOPLE) --seed $(SEED) --dir demo

# Fast tests first, and those on Spark last.
test: embedded on-spark

# In three processes on two cores, for each waits for its disk now and then.
embedded: $(SPARK_READY) java
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/codespell $$(git ls-files "*.py" "*.md" "*.yml" "*.toml")
	.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not spark and not whole_lake"
	.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not spark and whole_lake"

# In two processes with one session each. TESTS may be fewer: both engines are compared in tests/engines.
TESTS ?= tests
on-spark: $(SPARK_READY) java
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "spark and not cluster" $(TESTS)

# A cluster of its own needs the machine alone for some minutes; CI runs it where its time is enough.
cluster: $(SPARK_READY) java
	.venv/bin/pytest -m cluster

# Which lines the fast tests cover in their own processes, by hand: to measure it costs them half as much again.
coverage: $(READY)
	.venv/bin/pytest -n 2 --dist loadfile -m "not spark and not whole_lake" --cov --cov-report=
	.venv/bin/coverage report -m

# Every declared table on both engines, by hand: the tests compare a small project that has every kind of thing in it.
parity: $(SPARK_READY) java
	.venv/bin/python benchmarks/parity.py

# The other versions that are here, in environments of their own.
others: $(READY)
	@own=$$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for python in $(foreach version,$(VERSIONS),$(call found,$(version))); do case $$python in *python$$own) continue;; esac; \
	  echo "$$python"; room=.cache/$${python##*/}; PATH="$(CURDIR)/.venv/bin:$$PATH"; export VIRTUAL_ENV="$(CURDIR)/$$room"; \
	  { test -x $$room/bin/python || $$python -m venv $$room; } \
	  && uv pip install --quiet --compile-bytecode --require-hashes -r requirements-spark.txt \
	  && uv pip install --quiet --no-deps --no-build-isolation . && rm -rf build \
	  && $$room/bin/python -m pytest -m "not spark" $(OTHERS) || exit 1; done

venv: $(READY)

spark: $(SPARK_READY) java

java:
	@ls /usr/lib/jvm/*17*/bin/java >/dev/null 2>&1 || "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | grep -q '"17\.' \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless; } \
	  || { echo "Java 17 is missing, and the tests on Spark need it: apt-get install openjdk-17-jre-headless"; exit 1; }

# Compiled at once: where nothing may write bytecode later, every command would compile its libraries anew for seconds.
# The hash in the stamp's name makes a changed requirements file install again.
$(READY): requirements.txt pyproject.toml
	@test -x .venv/bin/python || command -v $(or $(PYTHON),python-of-no-version) >/dev/null || { echo "No Python that fits: one of $(VERSIONS), with its venv module. apt-get install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.12"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null || test -x .venv/bin/uv || .venv/bin/python -m pip install --quiet --require-hashes -r requirements-uv.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --compile-bytecode --require-hashes -r requirements.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/.ready-*; touch $@

$(SPARK_READY): requirements-spark.txt $(READY)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --compile-bytecode --require-hashes -r requirements-spark.txt
	@rm -f .venv/.ready-spark-*; touch $@

# Each lock holds what the command needs (pyproject.toml reads the same files) and what its tests need.
NEEDS := requirements.in requirements-development.in
LOCK := PATH="$(CURDIR)/.venv/bin:$$PATH" uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet

lock: $(READY)
	$(LOCK) $(NEEDS) -o requirements.txt
	$(LOCK) $(NEEDS) pipelines/engines/spark/requirements.in -o requirements-spark.txt
	$(LOCK) requirements-uv.in -o requirements-uv.txt

clean:
	rm -rf demo
