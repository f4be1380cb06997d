"""Rules of registers: codes that look as their type asks, numbers that are the code, times of so many years."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import ibis
import pytest

from pipelines.declarations.rule import Rule
from pipelines.engines.base import Engine
from pipelines.rules.predicates import applies, predicate
from tests.rules.test_great_expectations import counted, rule
from tests.support.element_values import Computed

KINDS = {"string": "VARCHAR", "date": "DATE"}
Pairs = Sequence[tuple[Any, Any]]
Judged = Callable[[Rule, Pairs, str], list[bool]]


@pytest.fixture(scope="module")
def judged(computed: Computed, either_engine: Engine) -> Judged:
    """Whether each row keeps a rule, in order; Great Expectations counts the same rows."""

    def evaluate(tested: Rule, rows: Pairs, kind: str) -> list[bool]:
        schema = {"place": "int64", "a": kind, "b": kind}
        table = ibis.memtable([{"place": at, "a": a, "b": b} for at, (a, b) in enumerate(rows)], schema=schema)
        found = computed(
            table.select("place", kept=predicate(tested, table), asked=applies(tested, table)).order_by("place")
        )
        kept = [row["kept"] for row in found]
        own = counted(either_engine, tested, f"a {KINDS[kind]}, b {KINDS[kind]}", rows)
        assert own[1] == kept.count(False)
        if not tested.arguments.get("untyped"):
            assert own[0] == sum(row["asked"] for row in found)
        return kept

    return evaluate


def test_codes_look_as_their_type_asks(judged: Judged) -> None:
    tested = rule(
        "expect_code_to_match_pattern_of_its_type",
        column_A="a",
        column_B="b",
        patterns={"居": "^[0-9]{9}(?:00[1-9]|0[1-9][0-9]|1[0-9]{2})$", "嘎查村": "^[0-9]{9}[23][0-9]{2}$"},
    )
    rows = {
        ("150102001001", "居"): True, ("150102001199", "居"): True, ("150102001000", "居"): False,
        ("150102001200", "居"): False, ("150102001001\n", "居"): False, ("", "居"): False,
        ("150102001200", "嘎查村"): True, ("150102001399", "嘎查村"): True, ("150102001401", "嘎查村"): False,
        ("150102001401", "别的"): True, ("150102001401", None): True, (None, "居"): True, (None, None): True,
    }  # fmt: skip
    assert judged(tested, list(rows), "string") == list(rows.values())


def test_codes_without_a_type_can_be_asked_for_a_look_too(judged: Judged) -> None:
    """What only codes of one look must have beside them: those that have nothing there must look otherwise."""
    tested = rule("expect_code_to_match_pattern_of_its_type", column_A="a", column_B="b", untyped="^(?:[^1]|1[^2])")
    rows = {
        ("121501020000000000", "事证第1号"): True, ("121501020000000000", None): False,
        ("111501020000000000", None): True, ("911501020000000000", None): True, (None, None): True, (None, "x"): True,
    }  # fmt: skip
    assert judged(tested, list(rows), "string") == list(rows.values())


def test_a_rule_on_looks_needs_one(computed: Computed) -> None:
    tested = rule("expect_code_to_match_pattern_of_its_type", column_A="a", column_B="b")
    with pytest.raises(ValueError, match="needs `patterns` or `untyped`"):
        predicate(tested, ibis.table({"a": "string", "b": "string"}, name="rows"))


def test_numbers_that_are_the_code(judged: Judged) -> None:
    tested = rule("expect_column_pair_values_to_be_equal", column_A="a", column_B="b")
    rows = {("x", "x"): True, ("x", "y"): False, ("x", "x "): False, (None, "x"): True, ("x", None): True}
    assert judged(tested, list(rows), "string") == list(rows.values())


def test_times_of_so_many_years(judged: Judged) -> None:
    tested = rule("expect_date_to_lie_within_years", column_A="a", column_B="b", years=5)
    day = datetime.date
    rows = {
        (day(2029, 3, 1), day(2024, 3, 1)): True, (day(2029, 3, 2), day(2024, 3, 1)): False,
        (day(2029, 2, 28), day(2024, 2, 29)): True, (day(2029, 3, 1), day(2024, 2, 29)): False,
        (day(2020, 1, 1), day(2024, 1, 1)): True, (day(9999, 12, 31), day(2024, 1, 1)): False,
        (day(6, 1, 1), day(1, 1, 1)): True, (None, day(2024, 1, 1)): True, (day(2024, 1, 1), None): True,
    }  # fmt: skip
    assert judged(tested, list(rows), "date") == list(rows.values())


def test_numbers_of_documents_hold_the_id_number_or_its_older_form(judged: Judged) -> None:
    tested = rule("expect_code_to_hold_id_number", column_A="a", column_B="b", form="^G|^.{24}$")
    own, other = "15010219900101123X", "150102199001011299"
    rows = {
        (f"G{own}", own): True, (f"G{own.lower()}", own): True, (f"G{other}", own): False, ("G", own): False,
        (f"199015110{own[:6]}{own[8:17]}", own): True, (f"199015110{other[:6]}{other[8:17]}", own): False,
        ("L000000000000000001", own): True, ("无", own): True, (None, own): True, (f"G{own}", None): True,
    }  # fmt: skip
    assert judged(tested, list(rows), "string") == list(rows.values())
