"""SQL that is kept: found again for the same expression in whichever process, and for no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import ibis
import ibis.expr.types as ir
import pytest
from ibis.common.graph import Graph

from pipelines.elements.iso7064 import mod_37_36
from pipelines.engines import kept_sql
from pipelines.engines.kept_sql import COUNTED, KeptSQL
from pipelines.steps.run import run
from tests.support.deliveries import cells_of, csv_text, deliver, household
from tests.support.place import Place
from tests.support.small_project import small_project

COLUMNS = {"code": "string", "amount": "int64", "day": "date"}


def rows(name: str = f"{COUNTED}1", columns: dict[str, str] = COLUMNS) -> ir.Table:
    return ibis.duckdb.connect().create_table(name, schema=columns)


def long(table: ir.Table, last: int | str = 40) -> ir.Table:
    """An expression of so many operations that its SQL is worth keeping."""
    numbers = {f"number_{n}": table.amount + n for n in range(40)}
    return table.mutate(**numbers, last=table.code.substr(0, 3) + str(last)).filter(table.day.notnull())


class Compiling:
    """Ibis's own, and how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, expression: ir.Table) -> str:
        self.times += 1
        return str(ibis.duckdb.connect().compile(expression))


def test_an_expression_is_compiled_once_whoever_builds_it(tmp_path: Path) -> None:
    compiling = Compiling()
    first = KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling)
    assert KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling) == first == Compiling()(long(rows()))
    assert compiling.times == 1


def test_names_that_are_counted_are_those_of_now(tmp_path: Path) -> None:
    compiling = Compiling()
    KeptSQL(tmp_path, "duckdb").sql(long(rows(f"{COUNTED}1")), compiling)
    later = KeptSQL(tmp_path, "duckdb").sql(long(rows(f"{COUNTED}17")), compiling)
    assert later == Compiling()(long(rows(f"{COUNTED}17")))
    assert compiling.times == 1


def two_tables(first: str, second: str) -> ir.Table:
    left = long(rows(first))
    right = left.get_backend().create_table(second, schema=COLUMNS)
    return left.semi_join(right, "code")


def test_two_tables_are_not_taken_for_each_other(tmp_path: Path) -> None:
    compiling = Compiling()
    KeptSQL(tmp_path, "duckdb").sql(two_tables(f"{COUNTED}1", f"{COUNTED}2"), compiling)
    turned = KeptSQL(tmp_path, "duckdb").sql(two_tables(f"{COUNTED}2", f"{COUNTED}1"), compiling)
    assert turned == Compiling()(two_tables(f"{COUNTED}2", f"{COUNTED}1"))
    assert compiling.times == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda: long(rows(), last=41),
        lambda: long(rows("other_name")),
        lambda: long(rows(columns={**COLUMNS, "amount": "int32"})),
        lambda: long(rows(columns={**COLUMNS, "more": "string"})),
        lambda: long(rows()).order_by("code"),
        lambda: long(rows()).order_by(ibis.desc("code")),
        lambda: long(rows()).limit(3),
        lambda: long(rows()).limit(4),
        lambda: long(rows()).filter(lambda table: table.code.isin(["a"])),
        lambda: long(rows()).filter(lambda table: table.code.isin(["a", "b"])),
        lambda: long(rows()).mutate(code=lambda table: table.code.cast("int64")),
        lambda: long(rows()).mutate(code=lambda table: table.code.try_cast("int64")),
        lambda: long(rows()).mutate(code=lambda table: mod_37_36(table.code)),
    ],
)
def test_whatever_differs_is_compiled_for_itself(tmp_path: Path, other: Callable[[], ir.Table]) -> None:
    compiling = Compiling()
    KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling)
    assert KeptSQL(tmp_path, "duckdb").sql(other(), compiling) == Compiling()(other())
    assert compiling.times == 2


def test_what_one_version_or_dialect_compiled_is_not_taken_for_anothers(tmp_path: Path) -> None:
    compiling = Compiling()
    KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling)
    KeptSQL(tmp_path, "spark").sql(long(rows()), compiling)
    with patch.object(ibis, "__version__", "0"):
        KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling)
    assert compiling.times == 3


def test_rows_in_an_expression_are_never_kept(tmp_path: Path) -> None:
    with_rows = long(ibis.memtable([("110101199003070011", 1, None)], schema=COLUMNS))
    KeptSQL(tmp_path, "duckdb").sql(with_rows, Compiling())
    assert list(tmp_path.rglob("*")) == []


def test_what_is_short_is_not_worth_a_file(tmp_path: Path) -> None:
    KeptSQL(tmp_path, "duckdb").sql(rows().filter(lambda table: table.code == "x"), Compiling())
    assert list(tmp_path.rglob("*")) == []


def test_a_damaged_file_is_compiled_anew_and_mended(tmp_path: Path) -> None:
    compiling = Compiling()
    KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling)
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    file.write_bytes(file.read_bytes()[:20])
    assert KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling) == Compiling()(long(rows()))
    KeptSQL(tmp_path, "duckdb").sql(long(rows()), compiling)
    assert compiling.times == 2


def test_a_folder_that_cannot_be_written_keeps_nothing_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept = KeptSQL(tmp_path / "file", "duckdb")
    assert kept.sql(long(rows()), Compiling()) == Compiling()(long(rows()))
    kept.close()


def test_what_was_asked_for_longest_ago_goes_when_there_is_too_much(tmp_path: Path) -> None:
    kept = KeptSQL(tmp_path, "duckdb")
    for last in range(4):
        kept.sql(long(rows(), last=last), Compiling())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    with patch("pipelines.storage.kept.LARGEST", sum(path.stat().st_size for path in files) - 1):
        kept.close()
    compiling = Compiling()
    for last in (3, 2, 1):
        KeptSQL(tmp_path, "duckdb").sql(long(rows(), last=last), compiling)
    assert compiling.times == 0
    KeptSQL(tmp_path, "duckdb").sql(long(rows(), last=0), compiling)
    assert compiling.times == 1


def test_every_statement_of_a_run_is_found_by_the_next_process_and_is_what_would_be_compiled(tmp_path: Path) -> None:
    """Each process hashes in another order; what it finds is held against what Ibis makes of the expression."""
    project = small_project(tmp_path / "project")
    deliver(
        tmp_path / "landing",
        "household_registration",
        "first.csv",
        csv_text(cells_of([household(n) for n in range(5)])),
    )
    compiled, found = (_run_in_a_process(tmp_path, project, seed) for seed in ("1", "2"))
    assert compiled["compiled"] > 10
    assert found == {"compiled": 0, "found": compiled["compiled"] + compiled["found"], "unlike": 0}


ROOT = Path(__file__).resolve().parents[2]


def _run_in_a_process(folder: Path, project: Path, seed: str) -> dict[str, int]:
    ended = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), str(project), seed],
        check=False,
        env={**os.environ, "PYTHONHASHSEED": seed, "HUILIU_CACHE": str(folder / "cache")},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    counted: dict[str, int] = json.loads(ended.stdout)
    return counted


RUN = """
import json, sys
from pathlib import Path
from tests.engines.test_kept_sql import counted_run
print(json.dumps(counted_run(*map(Path, sys.argv[1:]))))
"""


def counted_run(folder: Path, project: Path, lake: Path) -> dict[str, int]:
    """A first run: how many long statements were compiled, found, and found otherwise than they would be compiled."""
    counts = {"compiled": 0, "found": 0, "unlike": 0}
    sql = KeptSQL.sql

    def counting(kept: KeptSQL, expression: ir.Table, compiled: Callable[[ir.Table], str]) -> str:
        compiling = Compiling()
        given = sql(kept, expression, compiling)
        if len(Graph.from_dfs(expression.op())) >= kept_sql.SMALLEST:
            counts["compiled" if compiling.times else "found"] += 1
        counts["unlike"] += given != compiled(expression)
        return given

    with (
        patch.object(KeptSQL, "sql", counting),
        Place(folder, project=project, lake_name=lake.name).opened() as at,
    ):
        run(at.workspace)
    return counts
