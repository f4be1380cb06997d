"""Two counts that cannot be wrong together: whatever a normaliser or a rule does wrong, the run stops and says where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from pipelines.elements import capital, credit_code, dates, id_number, numbers, text
from pipelines.quality import predicates
from pipelines.quality.comparing import CountsDisagreeError
from pipelines.lake.specs import VALIDATIONS, VERDICTS
from tests.conftest import Place
from tests.deliveries import cells_of, csv_text, deliver, household, marriage, person_id
from tests.small_project import small_project

Normaliser = Callable[..., ir.Value]

MARRIAGES = "marriage_registration"
PEOPLE = "household_registration"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project(tmp_path_factory.mktemp("project"), sources=(PEOPLE, MARRIAGES))


@pytest.fixture
def place(project: Path, tmp_path: Path) -> Place:
    at = Place(tmp_path, project=project)
    rows = [household(number) for number in range(40)]
    rows[3]["公民身份号码"] = rows[3]["公民身份号码"][:-1] + ("0" if rows[3]["公民身份号码"][-1] != "0" else "1")
    old = person_id(7)
    rows[7]["公民身份号码"] = old[:6] + old[8:17]
    rows[8]["公民身份号码"] = old[:6] + "10" + old[10:14] + "997"
    rows[8]["出生日期"] = ""
    deliver(at.landing, PEOPLE, "people.csv", csv_text(cells_of(rows)))
    deliver(at.landing, MARRIAGES, "couples.csv", csv_text(cells_of([marriage(number) for number in range(20)])))
    return at


def stopped(place: Place) -> str:
    """What a run says that stops before anything is judged."""
    with pytest.raises(CountsDisagreeError) as raised:
        place.run()
    with place.opened() as at:
        assert not [row for row in at.rows(VERDICTS) if row["source"] in str(raised.value)]
    said = f"{raised.value} {raised.value.__cause__} {raised.value.__context__}"
    assert not any(person_id(number) in said or name_of(number) in said for number in range(40))
    assert "1960" not in said
    return str(raised.value)


def changed(normaliser: Normaliser, change: Callable[[Any], Any]) -> Normaliser:
    return lambda value, *rest: change(normaliser(value, *rest))


def test_both_counts_agree_on_rows_and_on_what_is_read(place: Place) -> None:
    place.run()
    with place.opened() as at:
        assert {row["source"]: row["verdict"] for row in at.rows(VERDICTS)} == {PEOPLE: "passed", MARRIAGES: "passed"}
        kept = {row["source"]: json.loads(row["result"]) for row in at.rows(VALIDATIONS)}
    results = {one["expectation_config"]["meta"]["rule"]: one["result"] for one in kept[PEOPLE]["result"]["results"]}
    assert results["birth_date.read_alike"]["unexpected_count"] == 0
    wrong = results["id_number.check_digit"]
    assert (wrong["unexpected_count"], wrong["unexpected_row_sum"], wrong["first_unexpected_row"]) == (1, WRONG, WRONG)
    assert person_id(0) not in json.dumps(kept)


def test_a_day_too_many_stops_the_run_where_no_rule_counts_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "normalise", changed(dates.normalise, lambda day: day + ibis.interval(days=1)))
    said = stopped(place)
    assert re.search(r"household_registration, batches household_registration-\w+: column birth_date: 39 rows", said)
    assert "the first of them row 2" in said


@pytest.mark.parametrize(
    ("module", "name", "change", "column", "rows", "first"),
    [
        # A check character made right is no longer told by any rule: both typed counts would agree on that.
        (id_number, "normalise", lambda number: repaired(number), "id_number", 1, WRONG),
        (
            id_number,
            "normalise",
            lambda number: number.re_replace("^(.{6})18", "\\119") if DUCK else number,
            "id_number",
            1,
            CENTENARIAN,
        ),
        (dates, "normalise_time", lambda moment: moment + ibis.interval(hours=8), "updated_at", 40, 2),
        (text, "normalise_code", lambda number: number.re_replace("-", ""), "certificate_number", 20, 2),
    ],
)
def test_whatever_else_a_normaliser_does_to_a_value_stops_the_run(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    change: Callable[[Any], Any],
    column: str,
    rows: int,
    first: int,
) -> None:
    monkeypatch.setattr(module, name, changed(getattr(module, name), change))
    assert f"column {column}: {rows} rows are read differently, the first of them row {first}" in stopped(place)
