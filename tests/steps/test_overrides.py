"""A reviewer settles a conflict: the value stands above every source's until a day, in increments as in a rebuild."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pipelines import clock
from pipelines.operations.watch import _Watching
from pipelines.reports.site import build_report
from pipelines.steps.run import Run, run
from pipelines.steps.settling import settle, withdraw
from pipelines.tables.specs import OVERRIDES, conflict_spec, golden_spec
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, household, marriage, permit, person_id
from tests.support.html_page import Page
from tests.support.place import Place
from tests.support.tiny_project import tiny_project
from tests.support.yearly_project import report, tax, yearly_project

DISPUTED, ALSO_DISPUTED, AGREED = 1, 3, 5
OTHER_SEX = {"性别": "女"}
MORNING = datetime.datetime(2026, 5, 1, 1, tzinfo=datetime.UTC)
LAST_DAY = datetime.date(2026, 5, 10)
SOURCE, GOLDEN = "household_registration", "foundation/person/person"


@dataclass
class Lake:
    """A lake whose clock is set by hand."""

    place: Place
    now: datetime.datetime = MORNING
    files: int = 0

    def run(self, *rows: Row, source: str = "marriage_registration", days: int = 0) -> Run:
        """What a run does after some days; where `rows` are given, a file of them has come."""
        self.now += datetime.timedelta(days=days, seconds=1)
        if rows:
            self.files += 1
            Delivered(source, f"{self.files}.csv", rows).write(self.place.landing)
        with patch.object(clock, "now", lambda: self.now):
            return self.place.run()

    def settle(self, key: str, attribute: str, value: str, *, record: str = "person", **more: Any) -> None:
        with patch.object(clock, "now", lambda: self.now), self.place.opened() as at:
            settle(at.workspace, record, key, attribute, value, **{"reason": "查档", "until": LAST_DAY, **more})

    def withdraw(self, key: str, attribute: str, record: str = "person") -> None:
        with patch.object(clock, "now", lambda: self.now), self.place.opened() as at:
            withdraw(at.workspace, record, key, attribute, "误裁")

    def sex(self, number: int) -> tuple[str, str, bool]:
        with self.place.opened() as at:
            rows = at.rows(golden_spec(at.workspace.catalog, at.workspace.catalog.records["person"]))
        row = next(row for row in rows if row["id_number"] == person_id(number))
        return row["sex"], row["sex_source"], row["sex_disputed"]

    def conflicts(self) -> set[tuple[str, str]]:
        with self.place.opened() as at:
            rows = at.rows(conflict_spec(at.workspace.catalog, at.workspace.catalog.records["person"]))
        return {(row["id_number"], row["attribute"]) for row in rows}


def computed(done: Run) -> int | None:
    """How many golden records of persons a run looked at."""
    return next(refreshed.keys for refreshed in done.refreshed if refreshed.table.path == GOLDEN)


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """Three people of whom two registers speak; of two they disagree about the sex."""
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    made = Lake(Place(tmp_path / "lake", project=tiny_project(tmp_path / "project"), engine=request.param))
    numbers = (DISPUTED, ALSO_DISPUTED, AGREED)
    Delivered(SOURCE, "0.csv", [household(number) for number in numbers]).write(made.place.landing)
    permits = [permit(DISPUTED, **OTHER_SEX), permit(ALSO_DISPUTED, **OTHER_SEX), permit(AGREED)]
    made.run(*permits, source="residence_permit")
    return made


def test_what_is_settled_stands_alone_and_what_is_withdrawn_is_disputed_again(lake: Lake, tmp_path: Path) -> None:
    assert lake.sex(DISPUTED) == ("1", SOURCE, True)
    lake.settle(person_id(DISPUTED), "sex", "女")
    done = lake.run()
    assert lake.sex(DISPUTED) == ("2", "override", False)
    assert lake.sex(ALSO_DISPUTED) == ("1", SOURCE, True)
    assert lake.conflicts() == {(person_id(ALSO_DISPUTED), "sex")}
    assert computed(done) == 1, "nobody else is looked at"
    assert_equals_a_rebuild(lake.place, tmp_path / "settled")

    lake.settle(person_id(DISPUTED), "sex", "1")
    lake.run()
    assert lake.sex(DISPUTED) == ("1", "override", False), "the last word counts"
    lake.withdraw(person_id(DISPUTED), "sex")
    assert computed(lake.run()) == 1
    assert lake.sex(DISPUTED) == ("1", SOURCE, True)
    assert lake.conflicts() == {(person_id(DISPUTED), "sex"), (person_id(ALSO_DISPUTED), "sex")}
    assert_equals_a_rebuild(lake.place, tmp_path / "withdrawn")


def test_an_override_counts_to_the_end_of_its_last_day_by_the_newest_receipt(lake: Lake, tmp_path: Path) -> None:
    lake.settle(person_id(DISPUTED), "sex", "2")
    lake.run(marriage(300), days=9)
    assert lake.sex(DISPUTED) == ("2", "override", False)
    lake.run(days=30)
    assert lake.sex(DISPUTED) == ("2", "override", False), "a day on which nothing comes is none that the lake knows"
    done = lake.run(marriage(301))
    assert lake.sex(DISPUTED) == ("1", SOURCE, True)
    assert computed(done) == 1, "the one whose override is over"
    assert_equals_a_rebuild(lake.place, tmp_path / "expired")


def test_a_source_that_changes_its_word_does_not_change_what_is_settled(lake: Lake, tmp_path: Path) -> None:
    lake.settle(person_id(DISPUTED), "sex", "2")
    corrected = household(DISPUTED, 性别="未知的性别", 更新时间="2026-04-01 08:00:00")
    lake.run(corrected, household(7), source=SOURCE)
    assert lake.sex(DISPUTED) == ("2", "override", False)
    lake.run(marriage(302), days=1)
    assert_equals_a_rebuild(lake.place, tmp_path / "rebuilt")


ONE_ENGINE = pytest.mark.parametrize("lake", ["duckdb"], indirect=True)


@ONE_ENGINE
def test_watching_acts_on_what_is_settled_and_on_the_day_that_ends_it(lake: Lake) -> None:
    with patch.object(clock, "now", lambda: lake.now), lake.place.opened() as at:
        watching = _Watching(lambda *_: None)
        watching.begin(at.workspace)
        watching.look()
        settle(at.workspace, "person", person_id(DISPUTED), "sex", "2", "查档", LAST_DAY)
        done = watching.look()
        assert done
        assert done.run.changed
        assert watching.look() is None
        assert lake.sex(DISPUTED) == ("2", "override", False)
        lake.now += datetime.timedelta(days=20)
        Delivered("marriage_registration", "later.csv", [marriage(303)]).write(lake.place.landing)
        watching.look()
        assert lake.sex(DISPUTED) == ("1", SOURCE, True)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"record": "people"}, "there is no golden record people; there are: person"),
        ({"attribute": "gender"}, "person has no attribute gender; it has: person_name, sex"),
        ({"key": person_id(77)}, "there is no person with the key"),
        ({"key": person_id(AGREED)}, "has no conflict about sex"),
        ({"attribute": "residence_region"}, "has no conflict about residence_region"),
        ({"value": " "}, "the value cannot be read as 性别"),
        ({"until": datetime.date(2026, 4, 30)}, "2026-04-30 is over: the newest file came on 2026-05-01"),
        ({"reason": "  "}, "say why"),
    ],
)
def test_what_cannot_be_settled_is_refused_in_words(lake: Lake, arguments: dict[str, Any], problem: str) -> None:
    asked = {"key": person_id(DISPUTED), "attribute": "sex", "value": "2", **arguments}
    with pytest.raises((LookupError, ValueError), match=problem) as refused:
        lake.settle(**asked)
    assert asked["key"] not in str(refused.value), "no message holds a number"
    with lake.place.opened() as at:
        assert not at.workspace.lake.exists(OVERRIDES.id)


@ONE_ENGINE
def test_a_value_that_breaks_a_check_is_flagged_or_refused_by_its_severity(lake: Lake) -> None:
    with patch.object(clock, "now", lambda: lake.now), lake.place.opened() as at:
        settled = settle(at.workspace, "person", person_id(DISPUTED), "sex", "7", "查档", LAST_DAY)
    assert settled.flags == ("性别代码：应为代码表中的值",)
    elements = lake.place.project / "catalog/elements/coded.yml"
    declared = elements.read_text(encoding="utf-8")
    elements.write_text(declared.replace("severity: warning, title: 应为代码表", "title: 应为代码表"), encoding="utf-8")
    with pytest.raises(ValueError, match="the value cannot stand, nor could it if a source sent it: 性别代码"):
        lake.settle(person_id(ALSO_DISPUTED), "sex", "7")


@ONE_ENGINE
def test_the_report_shows_what_was_settled_masked(lake: Lake, tmp_path: Path) -> None:
    lake.settle(person_id(DISPUTED), "sex", "女", reason="查户籍档案")
    lake.run()
    with lake.place.opened() as at:
        text = Page(build_report(at.workspace, tmp_path / "report")).text
    assert "人工裁定的冲突" in text
    assert "2（女）" in text
    assert "查户籍档案" in text
    assert person_id(DISPUTED) not in text


@ONE_ENGINE
def test_nothing_is_withdrawn_that_was_not_settled(lake: Lake) -> None:
    with pytest.raises(LookupError, match="nothing is settled about sex"):
        lake.withdraw(person_id(DISPUTED), "sex")


@ONE_ENGINE
def test_a_day_after_the_newest_file_may_be_over_all_the_same(lake: Lake) -> None:
    lake.now += datetime.timedelta(days=30)
    with pytest.raises(ValueError, match="2026-05-10 is over: today is 2026-05-31"):
        lake.settle(person_id(DISPUTED), "sex", "2")


def test_a_record_of_several_key_parts_and_a_number(tmp_path: Path) -> None:
    lake = Lake(Place(tmp_path / "lake", project=yearly_project(tmp_path / "project")))
    Delivered("annual_report", "0.csv", [report(1, 1, 2022, 200), report(2, 1, 2023, 300)]).write(lake.place.landing)
    lake.run(tax(1, 2022, 210), tax(1, 2023, 300), source="tax_summary")
    with pytest.raises(LookupError, match="2 parts, and 1 are said: write ENTERPRISE_CODE/FISCAL_YEAR"):
        lake.settle("E1", "turnover", "205", record="yearly")
    with pytest.raises(ValueError, match=r"cannot be read as 营业额 \(a number\): correct it"):
        lake.settle("E1/2022", "turnover", "二百零五左右", record="yearly")
    lake.settle("E1/2022", "turnover", "205.50", record="yearly")
    lake.run()
    with lake.place.opened() as at:
        rows = at.rows(golden_spec(at.workspace.catalog, at.workspace.catalog.records["yearly"]))
    found = {row["fiscal_year"]: (float(row["turnover"]), row["turnover_source"]) for row in rows}
    assert found == {2022: (205.5, "override"), 2023: (300, "annual_report")}
    assert_equals_a_rebuild(lake.place, tmp_path / "rebuilt")


@ONE_ENGINE
def test_settled_as_a_person_types_it(lake: Lake) -> None:
    with patch.object(clock, "now", lambda: lake.now):
        lake.place.run()
    key = person_id(DISPUTED)
    done = lake.place.huiliu("conflict", "list")
    assert "person: 2 open, 0 settled" in done.stdout
    assert key not in done.stdout
    assert key in lake.place.huiliu("conflict", "list", "person", "--unmasked").stdout
    words = ("person", key, "sex", "女", "--until", "2999-12-31", "--reason", "查档", "--by", "审核员")
    done = lake.place.huiliu("conflict", "settle", *words)
    assert (done.returncode, key in done.stdout) == (0, False), done.stderr
    assert "sex is settled until 2999-12-31" in done.stdout
    with lake.place.opened() as at:
        (kept,) = at.rows(OVERRIDES)
        run(at.workspace)
    assert (kept["value"], kept["key"], kept["decided_by"]) == ("2", [key], "审核员")
    done = lake.place.huiliu("conflict", "list", "person")
    assert "1 open, 1 settled" in done.stdout
    assert "settled until 2999-12-31 by 审核员" in done.stdout
    assert key not in done.stdout
    done = lake.place.huiliu("conflict", "withdraw", "person", key, "sex", "--reason", "误裁")
    assert done.returncode == 0, done.stderr
    for wrong in (("--until", "soon"), ("--until", "2020-01-01")):
        done = lake.place.huiliu("conflict", "settle", "person", key, "sex", "2", "--reason", "x", *wrong)
        assert done.returncode == 2
        assert "--until soon is no day" in done.stderr or "is over" in done.stderr
