"""Id numbers that end in 000 more often in a batch than chance allows: where the threshold lies, what is counted."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from pipelines.engines.base import Engine
from tests.support.deliveries import person_id
from tests.support.element_values import CATALOG
from tests.support.validated_views import DAMAGED, counted, rule

ONE_IN, FEWEST, IMPROBABLE = 900, 5, 1e-9
ARGUMENTS: dict[str, Any] = {"one_in": ONE_IN, "fewest": FEWEST, "most_improbable": IMPROBABLE}
ENDINGS = rule("expect_table_id_endings_to_be_by_chance", of_columns=["a"], **ARGUMENTS)
# Out of how many numbers, how many that end in 000 are too many, by Chernoff's bound.
LEAST = {5: 5, 26: 5, 27: 6, 100: 7, 1000: 14, 5000: 27}


def ids(numbers: int, ending: int) -> list[tuple[str | None]]:
    spoilt = [f"1501021980{1 + at // 28:02}{1 + at % 28:02}1000" for at in range(ending)]
    sound = [number for number in map(person_id, range(numbers)) if not number.endswith("000")]
    sound = (sound * (1 + numbers // len(sound)))[: numbers - ending]
    return [(number,) for number in spoilt + sound]


def test_the_declared_rule_is_what_is_tested_here() -> None:
    declared = {rule.code: rule for rule in CATALOG.rules(CATALOG.contracts["marriage_registration"])}[
        "batch.id_endings"
    ]
    assert declared.severity == "critical"
    assert declared.arguments == {**ARGUMENTS, "of_columns": ["husband_id", "wife_id"]}
    assert "batch.id_endings" not in {rule.code for rule in CATALOG.rules(CATALOG.contracts["credit_code_check"])}


@pytest.mark.parametrize(("numbers", "least"), LEAST.items())
def test_the_threshold_and_one_less(either_engine: Engine, numbers: int, least: int) -> None:
    assert counted(either_engine, ENDINGS, "a VARCHAR", ids(numbers, least)) == (None, 1)
    assert counted(either_engine, ENDINGS, "a VARCHAR", ids(numbers, least - 1)) == (None, 0)


@pytest.mark.parametrize(("numbers", "least"), LEAST.items())
def test_chance_gives_so_many_less_often_than_once_in_a_thousand_million(numbers: int, least: int) -> None:
    p = Fraction(1, ONE_IN)
    fewer = sum(math.comb(numbers, k) * p**k * (1 - p) ** (numbers - k) for k in range(least))
    assert 1 - fewer < IMPROBABLE


def test_different_numbers_are_counted_whatever_else_is_in_the_column(either_engine: Engine) -> None:
    others: list[tuple[str | None]] = [
        (None,),
        (DAMAGED,),
        ("000",),
        ("150102000",),
        ("15010219800101X000",),
        ("A" * 15 + "000",),
    ]
    assert counted(either_engine, ENDINGS, "a VARCHAR", ids(10, 5) + others * 5) == (None, 1)
    assert counted(either_engine, ENDINGS, "a VARCHAR", ids(10, 4) + others * 5) == (None, 0)
    # One person with five insurances is one number.
    assert counted(either_engine, ENDINGS, "a VARCHAR", ids(4, 1) * 9) == (None, 0)
    assert counted(either_engine, ENDINGS, "a VARCHAR", []) == (None, 0)


def test_every_column_is_judged_on_its_own(either_engine: Engine) -> None:
    both = rule("expect_table_id_endings_to_be_by_chance", of_columns=["a", "b"], **ARGUMENTS)
    rows = [(first[0], other[0]) for first, other in zip(ids(20, 0), ids(20, 5), strict=True)]
    assert counted(either_engine, both, "a VARCHAR, b VARCHAR", rows) == (None, 1)
    split = [(first[0], other[0]) for first, other in zip(ids(20, 4), ids(20, 4), strict=True)]
    assert counted(either_engine, both, "a VARCHAR, b VARCHAR", split) == (None, 0)
