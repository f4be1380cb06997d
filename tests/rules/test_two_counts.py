"""Two counts that cannot be wrong together: what a normaliser or a rule does wrong stops the run, which says where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from pipelines.declarations.rule import Rule
from pipelines.elements import dates, id_number, numbers, text
from pipelines.rules import predicates
from pipelines.rules.comparing import CountsDisagreeError
from pipelines.tables.specs import VALIDATIONS, VERDICTS
from tests.support.deliveries import Row, cells_of, csv_text, deliver, household, marriage, name_of, person_id
from tests.support.place import Place

Normaliser = Callable[..., ir.Value]

PEOPLE, MARRIAGES, INSURED = "household_registration", "marriage_registration", "social_insurance"
PERSONS = 42  # the last two are in no other file
WRONG, OLD, CENTENARIAN = 5, 9, 10  # rows of the file of people: a wrong check character, and two numbers of 15 digits


def insured(number: int) -> Row:
    """A row of social insurance; a clock of Beijing's and an amount with a fraction stand in it."""
    person = household(number)
    return {
        "个人编号": f"15-{number:06d}",
        "公民身份号码": person["公民身份号码"],
        "姓名": person["姓名"],
        "险种类型": "企业职工基本养老保险",
        "首次参保日期": "2010年3月1日",
        "缴费基数": f"{4000 + number}.50",
        "更新时间": "2026-03-01 08:00:00",
    }


@pytest.fixture(params=["duckdb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A landing folder with a file of each source, not read yet."""
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    at = Place(tmp_path, engine=request.param)
    people = [household(number) for number in range(PERSONS)]
    good = people[WRONG - 2]["公民身份号码"]
    people[WRONG - 2]["公民身份号码"] = good[:-1] + ("0" if good[-1] != "0" else "1")
    old = people[OLD - 2]["公民身份号码"]
    people[OLD - 2]["公民身份号码"] = old[:6] + old[8:17]
    other = people[CENTENARIAN - 2]
    other["公民身份号码"] = other["公民身份号码"][:6] + other["公民身份号码"][8:14] + "997"
    other["出生日期"] = ""
    files = {
        PEOPLE: people,
        MARRIAGES: [marriage(number) for number in range(20)],
        INSURED: [insured(number) for number in range(30)],
    }
    for source, rows in files.items():
        deliver(at.landing, source, "rows.csv", csv_text(cells_of(rows)))
    return at


def stopped(place: Place) -> str:
    """What a run says that stops before anything is judged."""
    with pytest.raises(CountsDisagreeError) as raised:
        place.run()
    with place.opened() as at:
        assert not [row for row in at.rows(VERDICTS) if row["source"] in str(raised.value)]
    messages = f"{raised.value} {raised.value.__cause__} {raised.value.__context__}"
    assert not any(person_id(number) in messages or name_of(number) in messages for number in range(PERSONS))
    assert "1960" not in messages
    return str(raised.value)


def changed(normaliser: Normaliser, change: Callable[[Any], Any]) -> Normaliser:
    return lambda value, *rest: change(normaliser(value, *rest))


def test_both_counts_agree_on_rows_and_on_what_is_read(place: Place) -> None:
    place.run()
    with place.opened() as at:
        verdicts = {row["source"]: row["verdict"] for row in at.rows(VERDICTS)}
        assert verdicts == dict.fromkeys((PEOPLE, MARRIAGES, INSURED), "passed")
        kept = {row["source"]: json.loads(row["result"]) for row in at.rows(VALIDATIONS)}
    results = {
        result["expectation_config"]["meta"]["rule"]: result["result"] for result in kept[PEOPLE]["result"]["results"]
    }
    assert results["birth_date.read_alike"]["unexpected_count"] == 0
    wrong = results["id_number.check_digit"]
    assert (wrong["unexpected_count"], wrong["unexpected_row_sum"]) == (1, WRONG)
    assert person_id(0) not in json.dumps(kept)


def test_a_day_too_many_stops_the_run_where_no_rule_counts_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "normalise", changed(dates.normalise, lambda day: day + ibis.interval(days=1)))
    message = stopped(place)
    assert re.search(
        rf"household_registration, batches household_registration-\w+: column birth_date: {PERSONS - 1} rows", message
    )
    assert "the first of them row 2" in message


def repaired(number: ir.StringValue) -> ir.StringValue:
    return number.substr(0, 17) + id_number.check_character(number.substr(0, 17))


CHANGES = {
    # With a repaired check character no rule is broken any more: both counts of typed values would agree on that.
    "a check character is repaired": (id_number, "normalise", repaired, "id_number", 1, WRONG),
    "another century": (
        id_number,
        "normalise",
        lambda number: ibis.ifelse(number.substr(6, 2) == "18", number.substr(0, 6) + "19" + number.substr(8), number),
        "id_number",
        1,
        CENTENARIAN,
    ),
    "a time of day in UTC": (dates, "normalise_time", lambda at: at + ibis.interval(hours=8), "updated_at", PERSONS, 2),
    "a document's number without its hyphens": (
        text, "normalise_code", lambda number: number.replace("-", ""), "registration_number", 20, 2,
    ),
    "an amount without its fraction": (
        numbers, "normalise", lambda amount: amount.floor().cast("decimal(18,2)"), "contribution_base", 30, 2,
    ),
    "a date that is lost": (dates, "normalise", lambda day: day.nullif(ibis.date("2010-03-01")), "enrolled_on", 30, 2),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_else_a_normaliser_does_to_a_value_stops_the_run(
    place: Place, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    module, name, otherwise, column, rows, first = CHANGES[change]
    monkeypatch.setattr(module, name, changed(getattr(module, name), otherwise))
    assert f"column {column}: {rows} rows are read differently, the first of them row {first}" in stopped(place)


def test_a_rule_broken_by_another_row_stops_the_run_though_the_counts_agree(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "expect_id_number_check_digit"

    def another_row(rule: Rule, arguments: dict[str, Any], rows: ir.Table) -> ir.BooleanValue:
        return rows[arguments.pop("column")] != person_id(PERSONS - 1)

    monkeypatch.setitem(predicates.PREDICATES, rule, another_row)
    message = stopped(place)
    assert "rule id_number.check_digit: the gate and Great Expectations both count 1 rows that break it" in message
    assert f"the sum of their numbers is {PERSONS + 1} for the gate and {WRONG} for Great Expectations" in message


def test_a_rule_that_is_counted_otherwise_stops_the_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def keeps_all(rule: Rule, arguments: dict[str, Any], rows: ir.Table) -> ir.BooleanValue:
        return rows[arguments.pop("column")].length() > 0

    monkeypatch.setitem(predicates.PREDICATES, "expect_id_number_check_digit", keeps_all)
    message = stopped(place)
    assert "rule id_number.check_digit: the gate counts 0 rows that break it, Great Expectations 1" in message


@pytest.mark.spark
@pytest.mark.parametrize("place", ["spark"], indirect=True)
@pytest.mark.parametrize("change", ["a check character is repaired"])
def test_a_normaliser_that_repairs_stops_a_run_on_spark(
    place: Place, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    module, name, otherwise, column, rows, first = CHANGES[change]
    monkeypatch.setattr(module, name, changed(getattr(module, name), otherwise))
    assert f"column {column}: {rows} rows are read differently, the first of them row {first}" in stopped(place)


@pytest.mark.spark
@pytest.mark.parametrize("place", ["spark"], indirect=True)
def test_both_counts_agree_on_spark(place: Place) -> None:
    place.run()
    with place.opened() as at:
        assert {row["verdict"] for row in at.rows(VERDICTS)} == {"passed"}
