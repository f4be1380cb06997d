"""Until when a residence permit decides where somebody lives: by the newest receipt, in increments as in a rebuild."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pipelines import clock
from pipelines.declarations.reading import DeclarationError
from pipelines.project.catalog import read_catalog
from pipelines.steps.plan import plan
from pipelines.steps.run import Run, follow
from pipelines.tables.specs import golden_spec
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, household, marriage, permit, person_id
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

HOME, AWAY, ELSEWHERE = "150102", "150402", "150403"
LAST_DAY, ENDED, ENDLESS, IN_WORDS, TWO, NO_HOME = 1, 3, 5, 7, 9, 11
EVENING = datetime.datetime(2026, 5, 1, 15, 59, 59, tzinfo=datetime.UTC)  # a second before midnight in Beijing


@dataclass
class Lake:
    """A lake whose clock is set by hand."""

    place: Place
    files: int = 0

    def run(self, now: datetime.datetime, *rows: Row, source: str = "marriage_registration") -> Run:
        """What a run does at a time, a file of `rows` having come."""
        self.files += 1
        Delivered(source, f"{self.files}.csv", rows).write(self.place.landing)
        with patch.object(clock, "now", lambda: now):
            return self.place.run()

    def of(self, number: int) -> dict[str, Any]:
        with self.place.opened() as at:
            record = at.workspace.catalog.records["person"]
            people = at.rows(golden_spec(at.workspace.catalog, record))
        return next(row for row in people if row["id_number"] == person_id(number))

    def lives_in(self, number: int) -> tuple[str | None, str | None]:
        row = self.of(number)
        return row["residence_region"], row["residence_region_source"]


PERMITS = [
    permit(LAST_DAY, 有效期止="2026-05-01"),
    permit(ENDED, 有效期止="2026-04-30"),
    permit(ENDLESS, 有效期止=""),
    permit(IN_WORDS, 有效期止="9999-12-31"),
    permit(TWO, 有效期止="2026-05-01", 更新时间="2026-03-05 08:00:00"),
    permit(TWO, 居住证编号="P2", 有效期止="2026-12-31", 现居住地区划代码=ELSEWHERE, 更新时间="2026-03-04 08:00:00"),
    permit(NO_HOME, 有效期止="2026-05-01"),
]


# What takes the day along knows nothing of engines, and a run on Spark takes minutes.
ONE_ENGINE = pytest.mark.parametrize("lake", ["duckdb"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """People and their permits, received on 1 May 2026 in the evening."""
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    folder = tmp_path_factory.mktemp("days")
    made = Lake(Place(folder, project=tiny_project(folder / "project"), engine=request.param))
    at_home = [household(n, 更新时间="2026-02-01 08:00:00") for n in (LAST_DAY, ENDED, ENDLESS, IN_WORDS, TWO)]
    Delivered("household_registration", "0.csv", at_home).write(made.place.landing)
    made.run(EVENING, *PERMITS, source="residence_permit")
    return made


def test_a_permit_counts_to_the_end_of_its_last_day(lake: Lake) -> None:
    assert lake.lives_in(LAST_DAY) == (AWAY, "residence_permit")
    assert lake.lives_in(ENDED) == (HOME, "household_registration")
    assert lake.lives_in(TWO) == (AWAY, "residence_permit"), "the newer of two that count"


def test_the_day_moves_on_with_whatever_is_received(lake: Lake, tmp_path: Path) -> None:
    """A minute later it is the next day in Beijing; the file that comes then says nothing of permits."""
    run = lake.run(EVENING + datetime.timedelta(minutes=1), marriage(300))
    assert lake.lives_in(LAST_DAY) == (HOME, "household_registration")
    assert lake.lives_in(ENDLESS) == lake.lives_in(IN_WORDS) == (AWAY, "residence_permit")
    assert lake.lives_in(TWO) == (ELSEWHERE, "residence_permit"), "the one that has not ended"
    assert lake.lives_in(NO_HOME) == (None, None)
    assert lake.of(NO_HOME)["person_name"], "who is known by an ended permit is still known"
    (golden,) = [refreshed for refreshed in run.refreshed if refreshed.table.path == "foundation/person/person"]
    assert (golden.keys, golden.upserted) == (3, 3), "nobody but those whose permit has ended is looked at"
    assert_equals_a_rebuild(lake.place, tmp_path / "rebuilt")


@ONE_ENGINE
def test_on_the_same_day_nothing_is_computed(lake: Lake) -> None:
    run = lake.run(EVENING + datetime.timedelta(hours=1), marriage(301))
    assert {refreshed.reason for refreshed in run.refreshed if refreshed.table.path == "foundation/person/person"} == {
        "unchanged"
    }


@ONE_ENGINE
def test_a_clock_set_back_takes_no_day_back(lake: Lake, tmp_path: Path) -> None:
    lake.run(EVENING - datetime.timedelta(days=60), marriage(302))
    assert lake.lives_in(LAST_DAY) == (HOME, "household_registration")
    assert_equals_a_rebuild(lake.place, tmp_path / "rebuilt")


@ONE_ENGINE
def test_watching_sees_the_next_day_too(lake: Lake, tmp_path: Path) -> None:
    """A round takes one source's news; the next day is news of every table that looks at it."""
    Delivered("marriage_registration", "later.csv", [marriage(303)]).write(lake.place.landing)
    later = datetime.datetime(2027, 6, 1, tzinfo=datetime.UTC)
    with patch.object(clock, "now", lambda: later), lake.place.opened() as at:
        follow(at.workspace, plan(at.workspace), ("marriage_registration",))
    assert lake.lives_in(TWO) == (HOME, "household_registration")


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("{household_registration: left_on}", "has no column left_on"),
        ("{death_registration: died_on}", "is no source of this attribute"),
        ("{residence_permit: updated_at}", "is a timestamp"),
    ],
)
def test_until_names_a_last_day_of_a_source(tmp_path: Path, declared: str, problem: str) -> None:
    project = tiny_project(tmp_path)
    record = project / "foundation_dbs/person/person.yml"
    text = record.read_text(encoding="utf-8")
    assert "until: {residence_permit: valid_to}" in text
    record.write_text(text.replace("until: {residence_permit: valid_to}", f"until: {declared}"), encoding="utf-8")
    with pytest.raises(DeclarationError, match=problem):
        read_catalog(project)
