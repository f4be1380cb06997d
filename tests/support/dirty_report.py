"""The report of a small project that got files of every outcome in two runs, each with several of one source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from pipelines.project.workspace import Workspace
from pipelines.reports.site import build_report
from tests.support.deliveries import (
    Row,
    cells_of,
    csv_text,
    death,
    deliver,
    household,
    json_lines,
    marriage,
    permit,
    person_id,
)
from tests.support.html_page import Page
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

PEOPLE = "household_registration"
COMPUTED = "=1+1.csv"  # a name that a spreadsheet would compute


@dataclass(frozen=True)
class DirtyReport:
    """The lake that was reported on, and the report's folder."""

    workspace: Workspace
    site: Path

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every page by its path in the report."""
        return {path.relative_to(self.site).as_posix(): Page(path) for path in sorted(self.site.rglob("*.html"))}


def damaged(number: int) -> Row:
    """A person whose id number fails its check digit."""
    right = person_id(number)
    return household(number, 公民身份号码=right[:-1] + ("1" if right[-1] != "1" else "2"))


def deliver_first(landing: Path) -> None:
    """Passed with quarantined rows, held for its share of them, unreadable, and damaged records, in one run."""
    people = [household(number) for number in range(30)]
    people[3] = damaged(3)
    people[5] |= {"姓名": ""}
    people[7] |= {"出生日期": "1959-01-01"}
    people[8] |= {"户籍地区划代码": "=1+1"}
    deliver(landing, PEOPLE, "户籍一.csv", csv_text(cells_of(people)))
    deliver(landing, PEOPLE, "多半有误.csv", csv_text(cells_of([damaged(number) for number in range(40, 50)])))
    deliver(landing, PEOPLE, "空.csv", b"")
    cells = cells_of([household(number) for number in range(50, 60)])
    cells[2] = cells[2][:-1]
    deliver(landing, PEOPLE, "缺列.csv", csv_text(cells) + "\n" + "多余\n")
    deliver(landing, "marriage_registration", "婚姻.jsonl", json_lines([marriage(n) for n in range(10)]) + "{不是\n")
    said_otherwise = [permit(n, 姓名="赵" + chr(0x4E00 + n), 性别="女" if n % 2 else "男") for n in range(10, 15)]
    deliver(landing, "residence_permit", COMPUTED, csv_text(cells_of(said_otherwise)))
    dead = [death(n, 死亡日期="2019-02-01", 签发日期="2019-02-02") for n in range(4)]  # married a year later
    deliver(landing, "death_registration", "死亡.csv", csv_text(cells_of(dead)))


def deliver_second(landing: Path) -> None:
    """One more of what the first run had, with two quarantined rows; what was wrong with another person is mended."""
    people = [household(60 + number) for number in range(8)]
    people[2], people[4] = damaged(62), damaged(64)
    deliver(landing, PEOPLE, "户籍二.csv", csv_text(cells_of([*people, household(5)])))


@pytest.fixture(scope="session")
def dirty_report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirtyReport]:
    folder = tmp_path_factory.mktemp("dirty")
    place = Place(folder, project=tiny_project(folder / "project"))
    for deliver_more in (deliver_first, deliver_second):
        deliver_more(place.landing)
        place.run()
    with place.opened() as at:
        yield DirtyReport(at.workspace, build_report(at.workspace, folder / "report").parent)
