"""The command as a whole: who only asks what there is must not wait for engines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.simulated_demo import ROOT

HEAVY = {"deltalake", "duckdb", "great_expectations", "ibis", "numpy", "pyarrow", "sqlalchemy"}
PROGRAM = """
import sys
from pipelines.cli.main import main
try:
    main()
finally:
    print("loaded:", *(name for name in sys.modules if "." not in name))
"""


@pytest.mark.parametrize("asked", [["--help"], [], ["duckdb", "--help"], ["gate", "--help"]])
def test_help_loads_nothing_that_computes(asked: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *asked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    shown, _, loaded = done.stdout.partition("loaded:")
    assert "Usage:" in shown
    assert HEAVY & {*loaded.split()} == set()
