"""What an error says to people: its heading, its text out of its parts, the exit code; and a copy says the same."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.engines.spark.failures import unreachable
from pipelines.errors import UNHARMED, HuiliuError, LeaseError, StoreError
from pipelines.operations.checking import Check, checked
from pipelines.operations.explaining import explained
from pipelines.readers import Problem, UnreadableFile
from pipelines.readers.postgres.failures import failure_of
from pipelines.storage.damage import damaged

BUSY = LeaseError("another writes the lake", "run again", after=UNHARMED)
BROKEN_LOG = damaged("/lake/standard/x", "its log is broken: an entry is no JSON")
EXPLAINED = [
    (BUSY, f"lease: another writes the lake; what to do: run again. {UNHARMED}", 3),
    (StoreError("no address is set", "set one", 2), "store: no address is set; what to do: set one", 2),
    (DeclarationError(Path("a.yml"), 3, "write a name"), "declaration error: a.yml:3: write a name", 2),
    (DeclarationError(Path("a.yml"), None, "x", "y"), "declaration error: a.yml: x; what to do: y", 2),
    (
        UnreadableFile(Problem("a.csv", "the header 姓\n名 stands twice", "rename one", row=1)),
        "unreadable file: a.csv, row 1: the header 姓 名 stands twice; what to do: rename one",
        3,
    ),
    (
        failure_of("too many clients", "HUILIU_PG_X"),
        "postgres: the server has no free connection; what to do: run again, lower `readers` in the contract's "
        "`table`, or ask the agency for more connections",
        3,
    ),
    (
        unreachable("spark://h:7077", "Connection refused"),
        "spark: the Spark cluster at spark://h:7077 cannot be reached (Connection refused); what to do: see that its "
        f"master runs there and that this machine reaches it, or correct HUILIU_SPARK_MASTER. {UNHARMED}",
        3,
    ),
    (
        BROKEN_LOG,
        "damage: /lake/standard/x: its log is broken: an entry is no JSON; what to do: bring the table's folder back "
        "as it was in the last backup, or move it away and run again: it is computed anew from raw. `huiliu doctor "
        "--deep` looks at every file",
        3,
    ),
]


@pytest.mark.parametrize(("error", "text", "exit_code"), EXPLAINED)
def test_an_error_is_told_whole_and_so_is_its_copy(error: HuiliuError, text: str, exit_code: int) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert vars(copy) == vars(error)
    for raised in (error, copy):
        explanation = explained(raised)
        assert (str(explanation), explanation.exit_code) == (text, exit_code)


def test_a_check_shows_what_was_found_apart_from_what_to_do() -> None:
    def look() -> str:
        raise BUSY

    assert checked("lake", True, look) == Check("lake", "bad", "another writes the lake", "run again")
