"""Values through the elements: many in one query, so that tests of single spellings stay fast."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import ibis
import ibis.expr.types as ir
import pytest

from pipelines import elements
from pipelines.engines.base import Engine
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.project.catalog import read_catalog

ROOT = Path(__file__).resolve().parents[2]
CATALOG = read_catalog(ROOT)
REAL_SAMPLE = ROOT.parent / "shared/data/market_entity_real_sample.csv"
NULL_TOKENS = ["", "N/A", "n/a", "NA", "NULL", "null", "无", "-", "--", "—", "/", "\\N", "nan", "NaN", "None", "none"]
NULL_TOKENS += [
    "(null)",
    "<null>",
    "[null]",
    "(NULL)",
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
]
CODED = sorted(name for name, element in CATALOG.elements.items() if element.normalise == "code")
# Elements of one normal form are one expression, and code lists too: a few show that Spark reads them as the embedded
# engine does.
ON_SPARK = {*CODED[::10], *({element.normalise: name for name, element in CATALOG.elements.items()}.values())}
UTC = datetime.UTC
# What the fixtures below give, and what tests of rules make of it: whether each row keeps a rule.
Computed = Callable[[ir.Table], list[dict[str, Any]]]
Each = Callable[..., list[Any]]
Normalised = Callable[[str, Sequence[str | None]], list[Any]]
Judged = Callable[..., list[bool]]


def skip_most_on_spark(engine: Engine, name: str) -> None:
    """Of the elements, Spark reads one of each normal form and some code lists."""
    if not isinstance(engine, DuckDBEngine) and name not in ON_SPARK:
        pytest.skip("the embedded engine reads every element, Spark one of each kind")


@pytest.fixture(scope="module")
def computed(either_engine: Engine) -> Computed:
    """Rows of an expression over memtables: each test that asks for it says that both engines give the same."""

    def evaluate(expression: ir.Table) -> list[dict[str, Any]]:
        # The engine runs compiled queries; it is Ibis that hands memtables over.
        cast(Any, either_engine).ibis._register_in_memory_tables(expression)
        return either_engine.rows(expression)

    return evaluate


@pytest.fixture(scope="module")
def each(computed: Computed) -> Each:
    """Evaluates an expression for many cells in one query, in their order."""

    def evaluate(expression: Callable[[ir.Value], ir.Value], cells: Sequence[Any], type_: str = "string") -> list[Any]:
        numbered = [{"place": place, "cell": cell} for place, cell in enumerate(cells)]
        table = ibis.memtable(numbered, schema={"place": "int64", "cell": type_})
        found = table.select(table.place, said=expression(table.cell)).order_by("place")
        return [row["said"] for row in computed(found)]

    return evaluate


@pytest.fixture(scope="module")
def normalised(each: Each) -> Normalised:
    def evaluate(element: str, cells: Sequence[str | None]) -> list[Any]:
        declared = CATALOG.elements[element]
        return each(lambda cell: elements.normalise(cell, declared, CATALOG.codes, CATALOG.cities), cells)

    return evaluate
