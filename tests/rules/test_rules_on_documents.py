"""Rules that hold a number against what stands beside it: sex, dates, a type, its own parts; on both counts."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Sequence
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from pipelines.declarations.rule import Rule
from pipelines.engines.base import Engine
from pipelines.rules.predicates import applies, predicate
from tests.support.deliveries import person_id
from tests.support.element_values import CATALOG, REAL_SAMPLE, Computed, Judged
from tests.support.validated_views import (
    DAMAGED,
    FOREIGN_ID,
    GOOD_CODE,
    GOOD_ID,
    HONG_KONG_ID,
    TAIWAN_ID,
    WRONG_DIGIT,
    counted,
    rule,
)

MAN, WOMAN = person_id(1), person_id(2)
BORN = datetime.date(1980, 1, 1)  # as GOOD_ID has it
DAY = datetime.timedelta(days=1)

SEX = rule("expect_sex_to_match_id_number", column_A="a", column_B="b")
EVENT = rule("expect_date_not_before_birth_in_id_number", column_A="a", column_B="b")
ORGANISATION = rule("expect_credit_code_organisation_check", column="a", exempt=["92"])
KINDS = {"1": "id_number", "2": "credit_code", "3": "residence_card", "4": "travel_document", "5": "id_form"}
TYPED = rule("expect_code_to_fit_its_type", column_A="a", column_B="b", kinds=KINDS)
UNTYPED = rule("expect_code_to_fit_its_type", column_A="a", column_B="b", kinds={"1": "id_form"}, untyped="id_form")

Pairs = Sequence[tuple[Any, str | None]]


@pytest.fixture(scope="module")
def judged(computed: Computed, either_engine: Engine) -> Judged:
    """Whether each row keeps a rule, in order; Great Expectations counts the same rows by arithmetic of its own."""

    def evaluate(tested: Rule, rows: Pairs, kind: str = "string") -> list[bool]:
        schema = {"place": "int64", "a": kind, "b": "string"}
        table = ibis.memtable([{"place": at, "a": a, "b": b} for at, (a, b) in enumerate(rows)], schema=schema)
        found = computed(
            table.select("place", kept=predicate(tested, table), asked=applies(tested, table)).order_by("place")
        )
        kept = [row["kept"] for row in found]
        own = counted(either_engine, tested, f"a {'DATE' if kind == 'date' else 'VARCHAR'}, b VARCHAR", rows)
        assert own[1] == kept.count(False)
        if not tested.arguments.get("untyped"):
            assert own[0] == sum(row["asked"] for row in found)
        return kept

    return evaluate


def closed(body: str) -> str:
    return body + uscc.calc_check_digit(body)


def test_sex_and_the_17th_digit(judged: Judged) -> None:
    rows = {
        ("1", MAN): True, ("2", MAN): False, ("1", WOMAN): False, ("2", WOMAN): True,
        ("0", MAN): True, ("9", WOMAN): True, ("男", WOMAN): True, ("", MAN): True, (None, MAN): True,
        ("2", None): True,
        ("1", TAIWAN_ID): False, ("2", TAIWAN_ID): True, ("1", FOREIGN_ID): False, ("2", HONG_KONG_ID): True,
        # Damage shows in the check digit, and 000 is an even digit for everybody.
        ("2", WRONG_DIGIT): True, ("1", WRONG_DIGIT): True, ("2", DAMAGED): True, ("2", MAN[:17]): True,
        ("2", ""): True,
    }  # fmt: skip
    assert judged(SEX, list(rows)) == list(rows.values())


def test_events_and_the_birth_date(judged: Judged) -> None:
    rows: dict[tuple[datetime.date | None, str | None], bool] = {
        (BORN, GOOD_ID): True, (BORN - DAY, GOOD_ID): False, (BORN + DAY, GOOD_ID): True,
        (datetime.date(1950, 1, 1), GOOD_ID): False, (datetime.date(1979, 12, 31), WRONG_DIGIT): True,
        (datetime.date(1, 1, 1), GOOD_ID): False, (datetime.date(9999, 12, 31), GOOD_ID): True,
        (datetime.date(1950, 1, 1), TAIWAN_ID): False, (datetime.date(1981, 8, 3), FOREIGN_ID): True,
        (datetime.date(1981, 8, 2), FOREIGN_ID): False, (datetime.date(1950, 1, 1), "E12345678"): True,
        (datetime.date(1950, 1, 1), DAMAGED): True, (None, GOOD_ID): True, (BORN - DAY, None): True,
    }  # fmt: skip
    assert judged(EVENT, list(rows), "date") == list(rows.values())


def test_codes_of_each_type(judged: Judged) -> None:
    card = "USA123456789012"
    rows = {
        (GOOD_ID, "1"): True, (TAIWAN_ID, "1"): True, (FOREIGN_ID, "1"): True, (WRONG_DIGIT, "1"): False,
        (DAMAGED, "1"): False, (GOOD_ID[:17], "1"): False, (GOOD_ID.lower() + " ", "1"): False, ("", "1"): False,
        ("150102800101001", "1"): True, ("150102801301001", "1"): False, ("150102000229001", "1"): False,
        ("150102040229001", "1"): True, ("15010280010100X", "1"): False, (GOOD_CODE, "1"): False,
        (GOOD_CODE, "2"): True, (GOOD_CODE[:-1] + "M", "2"): False, (GOOD_CODE.lower(), "2"): False,
        (GOOD_ID, "2"): False,
        (FOREIGN_ID, "3"): True, (card, "3"): True, (card[:-1], "3"): False, (GOOD_ID, "3"): False,
        (FOREIGN_ID[:-1] + "5", "3"): False, ("E12345678", "3"): False,
        ("E12345678", "4"): True, ("H1234567890", "4"): True, ("1234567890(A)", "4"): True, ("12345678", "4"): True,
        (GOOD_ID, "4"): False, (GOOD_CODE, "4"): False, ("E12", "4"): False, ("护照E1234567", "4"): False,
        ("E12345678\n", "4"): False, (WRONG_DIGIT, "5"): True, ("E12345678", "5"): False,
        ("军字第1234号", "9"): True, ("", "9"): True, ("E12345678", None): True, (None, "1"): True, (None, None): True,
    }  # fmt: skip
    assert judged(TYPED, list(rows)) == list(rows.values())


def test_a_code_without_a_type_is_what_the_rule_says(judged: Judged) -> None:
    rows = {
        (GOOD_ID, None): True, (WRONG_DIGIT, None): True, ("E12345678", None): False, ("E12345678", "4"): True,
        ("E12345678", "1"): False, (None, None): True, (None, "1"): True,
    }  # fmt: skip
    assert judged(UNTYPED, list(rows)) == list(rows.values())


def test_birth_dates_that_no_calendar_has(judged: Judged) -> None:
    from tests.support.deliveries import CHECKS, WEIGHTS

    bodies = ["15010218991231001", "15010219800230001", "15010219000229001", "15010220000229001", "15010219000101001"]
    ids = [body + CHECKS[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11] for body in bodies]
    assert judged(TYPED, [(number, "1") for number in ids]) == [False, False, False, True, True]


def test_a_kind_that_does_not_exist_is_refused() -> None:
    tested = rule("expect_code_to_fit_its_type", column_A="a", column_B="b", kinds={"1": "licence_plate"})
    with pytest.raises(ValueError, match=r"a\.rule: a kind is one of id_form, .*, not licence_plate"):
        predicate(tested, ibis.table({"a": "string", "b": "string"}, name="rows"))


def test_the_organisation_code_in_a_credit_code(judged: Judged) -> None:
    """Specimens of GB 11714's check: a digit, 0 for 11, X for 10, and letters among the eight characters."""
    right = ["91110000600037341", "91150102000000510", "9115010200000022X", "91150782MA0Q52DA8", "12100000400000624"]
    assert judged(ORGANISATION, [(closed(body), None) for body in right]) == [True] * 5
    wrong = [*("91110000600037340", "9111000060003734X", "9115010200000022A", "91150102000000511", "12100000400000620")]
    assert judged(ORGANISATION, [(closed(body), None) for body in wrong]) == [False] * 5
    other = [closed("92150102600037340"), GOOD_CODE[:16] + "0" + GOOD_CODE[17], GOOD_ID, FOREIGN_ID, "", "无", None]
    assert judged(ORGANISATION, [(code, None) for code in other]) == [True] * 7


@pytest.mark.skipif(not REAL_SAMPLE.exists(), reason="the published sample is not part of the project")
def test_published_codes_hold_the_organisation_codes_check(judged: Judged) -> None:
    with REAL_SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        codes = [row["统一社会信用代码"] for row in csv.DictReader(file)]
    assert len(codes) > 1000
    assert judged(ORGANISATION, [(code, None) for code in codes]).count(False) == 0
    broken = [closed(code[:16] + str((int(code[16]) + 1) % 10)) for code in codes if code[16].isdigit()]
    assert not any(judged(ORGANISATION, [(code, None) for code in broken]))


some_ids = st.builds(
    lambda region, year, month, day, rest: f"{region}{year:04}{month:02}{day:02}{rest}",
    st.sampled_from(["150102", "810000", "915840"]),
    st.integers(1895, 2030),
    st.integers(0, 13),
    st.integers(0, 32),
    st.from_regex(r"[0-9]{3}[0-9X]", fullmatch=True),
)
good_ids = st.integers(0, 9_999).map(person_id)
some_codes = st.one_of(
    some_ids,
    good_ids,
    good_ids.map(lambda number: number[:6] + number[8:17]),
    st.from_regex(r"9[1-3]150102[0-9A-H]{8}[0-9X]", fullmatch=True).map(closed),
    st.from_regex(r"[A-Z]{1,3}[0-9]{5,12}", fullmatch=True),
    st.text("0123456789AXx -(\n数", max_size=18),
)
dates = st.dates(datetime.date(1850, 1, 1), datetime.date(2050, 1, 1))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sexes=st.lists(st.tuples(st.sampled_from(["0", "1", "2", "9", "x"]), st.one_of(some_ids, good_ids)), min_size=20),
    events=st.lists(st.tuples(dates, st.one_of(some_ids, good_ids)), min_size=20),
    codes=st.lists(st.tuples(some_codes, st.sampled_from([*KINDS, "6", None])), min_size=20),
)
def test_both_counts_agree_on_anything(judged: Judged, sexes: Pairs, events: Pairs, codes: Pairs) -> None:
    """`judged` holds the two against each other."""
    judged(SEX, sexes)
    judged(EVENT, events, "date")
    for tested in (TYPED, UNTYPED, ORGANISATION):
        judged(tested, codes)


@pytest.mark.parametrize("source", sorted(CATALOG.contracts))
def test_no_date_of_an_event_may_lie_in_the_future(source: str) -> None:
    """A plain date starts or ends a validity, a term, a use or a period, or says what is due, planned or paid ahead."""
    plain = {column.name for column in CATALOG.contracts[source].columns if column.element == "date"}
    bounds = {"valid_from", "valid_to", "term_from", "used_from", "period_from", "period_to"}
    assert plain <= {*bounds, "benefit_paid_to", "due_on", "left_on"}
