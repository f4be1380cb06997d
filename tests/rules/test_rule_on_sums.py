"""The rule that a figure is the sum of others: what may be off, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import ibis
import pytest

from pipelines.declarations.rule import Rule
from pipelines.engines.base import Engine
from pipelines.rules.predicates import applies, predicate
from tests.rules.test_great_expectations import counted, rule
from tests.support.element_values import Computed

Figures = Sequence[tuple[str | None, ...]]
Judged = Callable[[Rule, Figures], list[bool]]
COLUMNS = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def judged(computed: Computed, either_engine: Engine) -> Judged:
    """Whether each row of four figures keeps a rule, in order; Great Expectations counts the same rows."""

    def evaluate(tested: Rule, figures: Figures) -> list[bool]:
        cells = [{"place": at, **dict(zip(COLUMNS, row, strict=True))} for at, row in enumerate(figures)]
        written = ibis.memtable(cells, schema={"place": "int64", **dict.fromkeys(COLUMNS, "string")})
        table = written.mutate(**{name: written[name].cast("decimal(18,2)") for name in COLUMNS})
        asked = table.select("place", kept=predicate(tested, table), asked=applies(tested, table)).order_by("place")
        found = computed(asked)
        kept = [row["kept"] for row in found]
        rows = [tuple(None if text is None else Decimal(text) for text in row) for row in figures]
        own = counted(either_engine, tested, ", ".join(f"{name} DECIMAL(18,2)" for name in COLUMNS), rows)
        assert own == (sum(row["asked"] for row in found), kept.count(False))
        return kept

    return evaluate


def test_a_figure_may_be_off_by_a_percentage_of_itself(judged: Judged) -> None:
    tested = rule("expect_figure_to_be_sum", column_A="a", column_B="b", plus=["c"], tolerance=2, percent=1)
    rows = {
        ("1000", "600", "400", None): True, ("1000", "600", "390", None): True, ("1000", "600", "389.99", None): False,
        ("-1000", "600", "-1600", None): True, ("-1000", "600", "-1611", None): False, ("0", "1", "1", None): True,
        ("0", "1", "1.01", None): False, ("9999999999999999.99", "9999999999999999.99", "0", None): True,
        ("9999999999999999.99", "-9999999999999999.99", "0", None): False, ("1000", "1", None, None): True,
        (None, "1", "1", None): True, ("1000", None, "1", None): True,
    }  # fmt: skip
    assert judged(tested, list(rows)) == list(rows.values())


def test_what_is_taken_off_may_be_left_empty(judged: Judged) -> None:
    tested = rule(
        "expect_figure_to_be_sum", column_A="a", column_B="b", minus=["c", "d"], tolerance=1, blank_is_zero=["c"]
    )
    rows = {
        ("20", "100", "10", "70"): True, ("21", "100", "10", "70"): True, ("21.01", "100", "10", "70"): False,
        ("30", "100", None, "70"): True, ("0", "100", None, "70"): False, ("0", "100", "10", None): True,
        ("-5", "0", "5", "0"): True,
        (None, "100", "1", "1"): True,
    }  # fmt: skip
    assert judged(tested, list(rows)) == list(rows.values())
