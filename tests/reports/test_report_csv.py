"""The rows of the report's pages as CSV: as many as the page says, masked, and nothing that a spreadsheet computes."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.reports.site import build_report, csv_files
from pipelines.reports.site.csv_files import write_csv
from tests.support.deliveries import name_of, person_id
from tests.support.dirty_report import COMPUTED, PEOPLE, DirtyReport
from tests.support.html_page import Page


def read(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # without it Excel takes Chinese for the system's code page
    return [*csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))]


def offered(page: Page) -> dict[str, int]:
    """The files that a page offers, and how many rows it says that each has."""
    counts = re.findall(r"下载 CSV （(?:前 )?([\d,]+) 行", page.text)
    files = [link for link in page.links if link.endswith(".csv")]
    assert len(files) == len(counts)
    return {file: int(rows.replace(",", "")) for file, rows in zip(files, counts, strict=True)}


def test_every_file_has_as_many_rows_as_its_page_says(dirty_report: DirtyReport) -> None:
    files = {
        (page.path.parent / file): rows for page in dirty_report.pages.values() for file, rows in offered(page).items()
    }
    assert {path: len(read(path)) for path in files} == files
    assert {*files} == {*dirty_report.site.rglob("*.csv")}
    kinds = {path.name.split(".", 1)[1] for path in files}
    assert kinds >= {"batches.csv", "quarantine.csv", "person.conflicts.csv", "person.findings.csv"}


def test_quarantined_rows_are_masked_as_on_the_page(dirty_report: DirtyReport) -> None:
    rows = read(dirty_report.site / f"sources/{PEOPLE}.quarantine.csv")
    page = dirty_report.pages[f"sources/{PEOPLE}.html"]
    shown = page.table("位置", "违反的规则")
    assert [f"{row['文件']} 第 {row['行']} 行" for row in rows] == [row["位置"] for row in shown]
    for row, on_page in zip(rows, shown, strict=True):
        assert all(title in on_page["违反的规则"] for title in row["违反的规则"].split("；"))
    wrong = next(row for row in rows if row["文件"] == "户籍一.csv" and row["行"] == "5")
    assert wrong["违反的规则代码"] == "id_number.check_digit"
    assert wrong["公民身份号码"] == "150102***"
    assert wrong["性别"] == "男"


def test_no_person_stands_in_a_file(dirty_report: DirtyReport) -> None:
    for path in dirty_report.site.rglob("*.csv"):
        text = path.read_text(encoding="utf-8-sig")
        assert sum(person_id(number) in text or name_of(number) in text for number in range(70)) == 0, path.name


def test_nothing_that_was_delivered_is_computed_by_a_spreadsheet(dirty_report: DirtyReport) -> None:
    cells = [cell for path in dirty_report.site.rglob("*.csv") for row in read(path) for cell in row.values() if cell]
    assert f"'{COMPUTED}" in cells
    assert [cell for cell in cells if cell[0] in "=+-@\t\r\n＝＋－＠"] == []


def test_a_file_that_holds_the_first_rows_alone_says_so(
    dirty_report: DirtyReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "MOST", 3)
    site = build_report(dirty_report.workspace, tmp_path / "report").parent
    assert "下载 CSV （前 3 行，共 15 行，UTF-8" in Page(site / f"sources/{PEOPLE}.html").text
    assert len(read(site / f"sources/{PEOPLE}.quarantine.csv")) == 3
    permits = Page(site / "agencies/floating_population_service.html").text
    assert re.search(r"下载 CSV （\d+ 行，只含前 3 项，共 10 项，UTF-8", permits)
    assert len({row["冲突"] for row in read(site / "agencies/floating_population_service.person.conflicts.csv")}) == 3


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "－1", "＋1", "＠1"])
def test_a_cell_that_would_be_computed_is_text(tmp_path: Path, cell: str) -> None:
    rows = pa.table({"a": [cell, "1=1", None], "b": [1, 2, 3]}).to_reader()
    assert write_csv(rows, ["甲", "乙"], tmp_path / "a.csv").rows == 3
    assert [row["甲"] for row in read(tmp_path / "a.csv")] == [f"'{cell}", "1=1", ""]
