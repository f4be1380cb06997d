"""Rules on figures that follow from others of a row, on months, and on cells that list several."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import ibis
import pytest

from pipelines.declarations.rule import Rule
from pipelines.engines.base import Engine
from pipelines.rules.predicates import predicate
from tests.rules.test_great_expectations import counted, rule
from tests.support.element_values import Computed

TYPES = {"decimal(18,2)": "DECIMAL(18,2)", "decimal(9,6)": "DECIMAL(9,6)", "date": "DATE", "string": "VARCHAR"}
Judged = Callable[[Rule, Sequence[Sequence[Any]], dict[str, str]], list[bool]]
MONEY, RATE = "decimal(18,2)", "decimal(9,6)"


@pytest.fixture(scope="module")
def judged(computed: Computed, either_engine: Engine) -> Judged:
    """Whether each row keeps a rule, in order; Great Expectations counts as many that break it."""

    def evaluate(tested: Rule, rows: Sequence[Sequence[Any]], kinds: dict[str, str]) -> list[bool]:
        # As text, for Spark takes no decimal column with NULLs in it over.
        texts = [[None if value is None else str(value) for value in row] for row in rows]
        named = [{"place": at, **dict(zip(kinds, row, strict=True))} for at, row in enumerate(texts)]
        written = ibis.memtable(named, schema={"place": "int64", **dict.fromkeys(kinds, "string")})
        table = written.mutate(**{name: written[name].cast(kind) for name, kind in kinds.items()})
        found = computed(table.select("place", kept=predicate(tested, table)).order_by("place"))
        kept = [row["kept"] for row in found]
        columns = ", ".join(f"{name} {TYPES[kind]}" for name, kind in kinds.items())
        assert counted(either_engine, tested, columns, rows)[1] == kept.count(False)
        return kept

    return evaluate


def money(*amounts: str | None) -> list[Decimal | None]:
    return [None if amount is None else Decimal(amount) for amount in amounts]


def test_products_within_a_yuan(judged: Judged) -> None:
    tested = rule("expect_figure_to_be_product", column_A="a", column_B="b", factor="c", tolerance="1")
    rows = {
        ("800.00", "5000.00", "0.16"): True,
        ("801.00", "5000.00", "0.16"): True,
        ("801.01", "5000.00", "0.16"): False,
        ("798.99", "5000.00", "0.16"): False,
        ("-800.00", "5000.00", "0.16"): True,
        ("-800.00", "-5000.00", "0.16"): True,
        ("800.00", None, "0.16"): True,
        ("800.00", "5000.00", None): True,
        (None, "5000.00", "0.16"): True,
        ("9999999999999999.99", "9999999999999999.99", "999.999999"): False,
    }
    kinds = {"a": MONEY, "b": MONEY, "c": RATE}
    assert judged(tested, [money(*row) for row in rows], kinds) == list(rows.values())


def test_sums_within_two_hundredths(judged: Judged) -> None:
    tested = rule("expect_figure_to_be_sum", column_A="a", column_B="b", plus=["c"], tolerance="0.02")
    rows = {
        ("90.50", "80.30", "10.20"): True,
        ("90.52", "80.30", "10.20"): True,
        ("90.53", "80.30", "10.20"): False,
        ("90.47", "80.30", "10.20"): False,
        ("90.50", "80.30", None): True,
        (None, "80.30", "10.20"): True,
    }
    kinds = dict.fromkeys("abc", MONEY)
    assert judged(tested, [money(*row) for row in rows], kinds) == list(rows.values())


def test_fees_by_the_day(judged: Judged) -> None:
    tested = rule(
        "expect_fee_to_follow_days",
        column_A="a",
        column_B="b",
        amount="c",
        paid_on="d",
        daily="0.0005",
        tolerance="1",
    )
    due, late, early = datetime.date(2026, 1, 10), datetime.date(2026, 1, 20), datetime.date(2026, 1, 1)
    rows: dict[tuple[str | None, Any, str | None, Any], bool] = {
        ("50.00", due, "10000.00", late): True,
        ("51.01", due, "10000.00", late): False,
        ("0.00", due, "10000.00", late): False,
        ("0.00", due, "10000.00", early): True,
        ("0.00", due, "10000.00", due): True,
        ("5.00", due, "10000.00", early): False,
        ("-50.00", due, "-10000.00", late): True,
        ("50.00", None, "10000.00", late): True,
        ("50.00", due, None, late): True,
        ("50.00", due, "10000.00", None): True,
        ("9999999999999999.99", due, "9999999999999999.99", late): False,
    }
    cells = [(*money(fee), day, *money(amount), paid) for fee, day, amount, paid in rows]
    kinds = {"a": MONEY, "b": "date", "c": MONEY, "d": "date"}
    assert judged(tested, cells, kinds) == list(rows.values())


def test_days_not_before_a_month(judged: Judged) -> None:
    tested = rule("expect_date_not_before_month", column_A="a", column_B="b")
    rows: dict[tuple[Any, str | None], bool] = {
        (datetime.date(2026, 1, 1), "202601"): True,
        (datetime.date(2026, 2, 1), "202601"): True,
        (datetime.date(2025, 12, 31), "202601"): False,
        (None, "202601"): True,
        (datetime.date(2026, 1, 1), None): True,
    }
    assert judged(tested, list(rows), {"a": "date", "b": "string"}) == list(rows.values())


def test_cells_that_list_several_list_as_many(judged: Judged) -> None:
    tested = rule("expect_pair_to_list_as_many", column_A="a", column_B="b")
    rows: dict[tuple[str | None, str | None], bool] = {
        ("张三、李四", "1、2"): True,
        ("张三，李四", "1;2"): True,
        ("张三", "1、2"): False,
        ("张三、李四、王五", "1,2"): False,
        ("某厂、某店", "1"): True,
        (None, "1、2"): True,
        ("张三", None): True,
    }
    assert judged(tested, list(rows), dict.fromkeys("ab", "string")) == list(rows.values())


def test_codes_that_begin_with_a_code(judged: Judged) -> None:
    tested = rule("expect_code_to_begin_with_code", column_A="a", column_B="b")
    rows: dict[tuple[str | None, str | None], bool] = {
        ("150102001", "150102"): True,
        ("150103001", "150102"): False,
        ("1501", "150102"): False,
        (None, "150102"): True,
        ("150102001", None): True,
    }
    assert judged(tested, list(rows), dict.fromkeys("ab", "string")) == list(rows.values())


def test_a_figure_needs_the_other_column(computed: Computed) -> None:
    tested = rule("expect_figure_to_be_sum", column_A="a", column_B="a", plus=["c"], tolerance="1")
    with pytest.raises(ValueError, match="there is no column `c`"):
        predicate(tested, ibis.table({"a": MONEY}, name="rows"))
