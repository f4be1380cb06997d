# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3.11
PEOPLE ?= 20000
SEED ?= 1
READY := .venv/.ready-$(firstword $(shell sha256sum requirements.txt | cut -c1-16))
# The tests need Spark beside it; a demo on the embedded engine does not.
SPARK_READY := .venv/.ready-spark-$(firstword $(shell sha256sum requirements-spark.txt | cut -c1-16))

.PHONY: demo test venv spark java lock clean

demo: $(READY)
	@.venv/bin/huiliu demo --people $(PEOPLE) --seed $(SEED) --dir demo

# Fast tests first; those on Spark after them, in two processes with one session each; the cluster has the machine alone.
test: $(SPARK_READY) java
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest -n 2 --dist loadfile -m "not spark"
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "spark and not cluster"
	.venv/bin/pytest -m cluster

venv: $(READY)

spark: $(SPARK_READY) java

java:
	@ls /usr/lib/jvm/*17*/bin/java >/dev/null 2>&1 || "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | grep -q '"17\.' \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless; } \
	  || { echo "Java 17 is missing, and the tests on Spark need it: apt-get install openjdk-17-jre-headless"; exit 1; }

# The hash in the stamp's name makes a changed requirements file install again.
$(READY): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: apt-get install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null || test -x .venv/bin/uv || .venv/bin/python -m pip install --quiet --require-hashes -r requirements-uv.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --require-hashes -r requirements.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/.ready-*; touch $@

$(SPARK_READY): requirements-spark.txt $(READY)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" uv pip install --quiet --require-hashes -r requirements-spark.txt
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
