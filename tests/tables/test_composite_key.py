"""A golden record whose key has several parts: one row per enterprise and year, from two sources to cities."""

from __future__ import annotations

import csv
import os
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.declarations.fingerprint import fingerprint
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.reading import DeclarationError
from pipelines.lake.refresh import Refreshed
from pipelines.project.workspace import open_project
from pipelines.reports.score.outcomes import outcome_scores
from pipelines.reports.score.tables import table_scores
from pipelines.reports.summary import summarise_record
from pipelines.settings import Settings
from pipelines.steps.inputs import table_spec
from pipelines.steps.return_flow import flows
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered
from tests.support.html_page import Page
from tests.support.place import Place
from tests.support.yearly_project import PLACES, changes, report, tax, yearly_project

REPORT, TAX = "annual_report", "tax_summary"
YEARLY = "foundation_dbs/economy/yearly.yml"
SOURCES = "foundation_dbs/economy/sources"
THERE = {"所在地": PLACES[1]}
LATER = {"更新时间": "2026-04-01 08:00:00"}


def delivered_first(place: Place) -> None:
    """E1 moved to the other city for 2023; of 2022 the sources disagree, and in 2023 its turnover is halved."""
    reports = [
        report(1, 1, 2021, 100),
        report(2, 1, 2022, 200),
        report(3, 1, 2023, 90, **THERE),
        report(4, 2, 2022, 500),
        report(5, 2, "去年", 500),
    ]
    Delivered(REPORT, "1.csv", reports).write(place.landing)
    Delivered(TAX, "1.csv", [tax(1, 2021, 100), tax(1, 2022, 210), tax(3, 2023, 70)]).write(place.landing)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return yearly_project(tmp_path_factory.mktemp("yearly") / "project")


@pytest.fixture(scope="module")
def place(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("lake_by_year"), project=project)
    delivered_first(made)
    made.run()
    return made


def table(place: Place, name: str, *columns: str) -> set[tuple[Any, ...]]:
    """The rows of a table by the name that models use, each with all that makes it differ here."""
    with place.opened() as at:
        rows = at.rows(table_spec(at.workspace, name))
    assert len({tuple(row[column] for column in columns) for row in rows}) == len(rows)
    return {tuple(row[column] for column in columns) for row in rows}


KEY = ("enterprise_code", "fiscal_year")


def test_each_enterprise_and_year_has_one_row_with_its_sources(place: Place) -> None:
    columns = ("turnover", "turnover_source", "turnover_disputed", "tax_due", "place")
    assert table(place, "yearly", *KEY, *columns) == {
        ("E1", 2021, 100, REPORT, False, 10, PLACES[0]),
        ("E1", 2022, 200, REPORT, True, 21, PLACES[0]),
        ("E1", 2023, 90, REPORT, False, None, PLACES[1]),
        ("E2", 2022, 500, REPORT, False, None, PLACES[0]),
        ("E3", 2023, 70, TAX, False, 7, None),
    }


def test_a_row_whose_year_cannot_be_read_is_of_no_record(place: Place) -> None:
    with place.opened() as at:
        rows = at.standard(REPORT)
    assert [row["fiscal_year"] for row in rows if row["report_number"] == "R5"] == [None]


def test_a_conflict_names_the_whole_key(place: Place) -> None:
    found = table(place, "economy_conflict", *KEY, "attribute", "source", "value", "stands", "row")
    assert {(*row[:4], float(row[4]), *row[5:]) for row in found} == {
        ("E1", 2022, "turnover", REPORT, 200.0, True, 3),
        ("E1", 2022, "turnover", TAX, 210.0, False, 3),
    }


def test_claims_tell_the_year_and_a_finding_is_about_the_enterprise(place: Place) -> None:
    found = table(place, "economy_finding", "rule", "subject", "source", "row", "agency")
    assert found == {("turnover_halved", "E1", REPORT, 4, "market_regulation")}


def test_a_model_reads_it(place: Place) -> None:
    found = {(*key, growth) for *key, growth in table(place, "growth", *KEY, "growth") if growth is not None}
    assert found == {("E1", 2022, 100), ("E1", 2023, -110)}


def returned(place: Place, name: str) -> set[tuple[Any, ...]]:
    with place.opened() as at:
        flow = next(flow for flow in flows(at.workspace) if flow.spec.id.name == name)
        return {(row["city"], *(row[part] for part in flow.spec.key)) for row in at.rows(flow.returned)}


HERE, OTHER = "150100", "150400"


def test_each_year_flows_back_to_where_the_enterprise_was(place: Place) -> None:
    due = {(HERE, "E1", 2021), (HERE, "E1", 2022), (OTHER, "E1", 2023), (HERE, "E2", 2022)}
    assert returned(place, "yearly") == due
    assert returned(place, "growth") == due
    assert {row[:3] for row in returned(place, "conflict")} == {(HERE, "E1", 2022)}


def test_what_tells_no_year_flows_back_to_where_the_enterprise_was_last(place: Place) -> None:
    assert {(row[0], row[2]) for row in returned(place, "finding")} == {(OTHER, "E1")}
    assert returned(place, "last_report") == {(OTHER, "E1"), (HERE, "E2")}


def test_the_report_shows_and_counts_the_whole_key(place: Place) -> None:
    with place.opened() as at:
        summary = summarise_record(at.workspace, at.workspace.catalog.records["yearly"])
    assert (summary.golden, summary.conflicts, summary.findings) == (5, 1, 1)
    done = place.huiliu("report", "--out", "report")
    assert done.returncode == 0, done.stderr
    text = Page(place.folder / "report/agencies/market_regulation.html").text
    assert "企业代码、年度" in text
    assert "E1、2022" in text


def test_the_score_tells_years_apart(place: Place, tmp_path: Path) -> None:
    columns = ["outcome", "source", "file", "row", "rule", "database", "subject", "attribute"]
    conflict = {"outcome": "conflict", "database": "economy", "subject": "E1/2022", "attribute": "turnover"}
    with (tmp_path / "outcomes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows([conflict, {**conflict, "subject": "E1/2021"}])
    (tmp_path / "golden_yearly.csv").write_text(
        "enterprise_code,fiscal_year,turnover\nE1,2021,100.00\nE1,2022,200.00\nE1,2023,90.00\nE2,2022,7.00\n"
        "E3,2023,70.00\n",
        encoding="utf-8",
    )
    with place.opened() as at:
        (score,) = (score for score in outcome_scores(at.workspace, tmp_path) if score.outcome == "conflict")
        (golden,) = table_scores(at.workspace, tmp_path)[0]
    assert (score.due, score.found, score.right) == (2, 1, 1)
    assert (golden.due, golden.found, golden.right) == (5, 5, 4)


def test_a_draft_feeds_it_by_all_parts_of_its_key(place: Place) -> None:
    sample = place.folder / "sample.csv"
    rows = [",".join(tax(1 + number % 30, 2020 + number // 30, number).values()) for number in range(60)]
    sample.write_text("\n".join([",".join(tax(1, 2020, 1)), *rows]) + "\n", encoding="utf-8")
    done = place.huiliu("source", "draft", str(sample), "--name", "tax_copy", "--out", "tax_copy.yml")
    assert done.returncode == 0, done.stderr
    text = (place.folder / "tax_copy.yml").read_text(encoding="utf-8")
    assert "feeds: {record: yearly, rank: 3, key: [taxpayer, tax_year]}" in text


def refreshed(place: Place) -> dict[str, Refreshed]:
    return {entry.table.path: entry for entry in place.run().refreshed}


def test_a_later_delivery_computes_the_years_that_it_touches(project: Path, tmp_path: Path) -> None:
    """One year is corrected, one row moves to another year and so its enterprise back, one goes."""
    place = Place(tmp_path / "lake_of_changes", project=project)
    delivered_first(place)
    place.run()
    rows = [
        report(1, 1, 2021, 150, **LATER),
        report(2, 1, 2024, 40, **LATER),
        report(4, 2, 2022, 500, **{"操作标志": "D", **LATER}),
    ]
    Delivered(REPORT, "2.csv", rows).write(place.landing)
    done = refreshed(place)["foundation/economy/yearly"]
    assert (done.reason, done.keys, done.upserted, done.deleted) == ("inputs changed", 4, 3, 1)
    assert table(place, "yearly", *KEY, "turnover", "turnover_source") == {
        ("E1", 2021, 150, REPORT),
        ("E1", 2022, 210, TAX),
        ("E1", 2023, 90, REPORT),
        ("E1", 2024, 40, REPORT),
        ("E3", 2023, 70, TAX),
    }
    assert {row[:2] for row in table(place, "economy_conflict", *KEY, "source")} == {("E1", 2021)}
    assert {row[0] for row in returned(place, "finding")} == {HERE}
    assert_equals_a_rebuild(place, tmp_path / "rebuilt")


@settings(
    max_examples=int(os.environ.get("HUILIU_SEQUENCES", "1")),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(chance=st.randoms(use_true_random=False))
def test_any_sequence_leaves_what_a_rebuild_would_make(chance: random.Random, project: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "lake_of_increments", project=project)
        for file in range(3):
            for delivery in changes(chance, file):
                delivery.write(place.landing)
            place.run()
        assert_equals_a_rebuild(place, Path(folder) / "rebuilt")


def test_a_key_that_gets_another_part_writes_the_record_anew(tmp_path: Path) -> None:
    project = yearly_project(tmp_path / "project")
    by_both = {path: path.read_text(encoding="utf-8") for path in (project / YEARLY, project / SOURCES / f"{TAX}.yml")}
    models = project / "foundation_dbs/economy/growth.py"
    declared = models.read_text(encoding="utf-8")
    models.unlink()
    for path, text in by_both.items():
        by_one = text.replace("[enterprise_code, fiscal_year]", "enterprise_code")
        path.write_text(by_one.replace("2, key: [taxpayer, tax_year]", "2, key: taxpayer"), encoding="utf-8")
    place = Place(tmp_path / "lake_of_one", project=project)
    delivered_first(place)
    place.run()
    assert {row[0] for row in table(place, "yearly", "enterprise_code")} == {"E1", "E2", "E3"}
    for path, text in by_both.items():
        path.write_text(text, encoding="utf-8")
    models.write_text(declared, encoding="utf-8")
    done = refreshed(place)["foundation/economy/yearly"]
    assert (done.reason, done.rows) == ("declarations changed", 5)
    assert_equals_a_rebuild(place, tmp_path / "rebuilt")


def test_a_key_of_one_part_is_the_same_declaration_as_ever() -> None:
    """Lakes of before compute nothing anew for it."""
    person = {"name": "person", "database": "person", "title": "人", "description": "d", "attributes": {"sex": {}}}
    single, listed = (GoldenRecord.model_validate({**person, "key": key}) for key in ("id_number", ["id_number"]))
    assert single.model_dump(mode="json")["key"] == "id_number"
    assert fingerprint(single) == fingerprint(listed)
    both = GoldenRecord.model_validate({**person, "key": ["id_number", "fiscal_year"]})
    assert both.model_dump(mode="json")["key"] == ["id_number", "fiscal_year"]


MISTAKES = {
    "a part that is no element": (
        YEARLY,
        "key: [enterprise_code, fiscal_year]",
        "key:\n  - enterprise_code\n  - calendar_year",
        "  - calendar_year",
        "key: there is no data element `calendar_year` in catalog/elements/; correct the name",
    ),
    "no part": (YEARLY, "[enterprise_code, fiscal_year]", "[]", "key: []", "`key`: "),
    "a part twice": (
        YEARLY,
        "[enterprise_code, fiscal_year]",
        "[fiscal_year, fiscal_year]",
        "key: ",
        "`key`: fiscal_year stands twice: name each part once",
    ),
    "a part that is an attribute": (
        YEARLY,
        "  tax_due:",
        "  fiscal_year: {from: [annual_report]}\n  tax_due:",
        "  fiscal_year:",
        "fiscal_year is part of the key: take it out of the attributes",
    ),
    "a feeding key of another length": (
        f"{SOURCES}/{TAX}.yml",
        "key: [taxpayer, tax_year]}",
        "key: taxpayer}",
        "feeds:",
        "feeds: the key of yearly has 2 parts (enterprise_code, fiscal_year), and `key` names 1 (taxpayer): name a "
        "column for each part, in that order",
    ),
    "a part that is no column": (
        f"{SOURCES}/{REPORT}.yml",
        "  年度: fiscal_year!",
        "  年度: {name: year, element: fiscal_year, required: true}",
        "feeds:",
        "feeds: needs a column `fiscal_year` to find the yearly; name another one with `key:`",
    ),
    "a part that is a column of another element": (
        f"{SOURCES}/{TAX}.yml",
        "key: [taxpayer, tax_year]}",
        "key: [tax_year, taxpayer]}",
        "feeds:",
        "feeds: column tax_year is a fiscal_year, where the key of yearly has enterprise_code: name a column of that ",
    ),
    "what the key does not tell": (
        YEARLY,
        "tax_due: {",
        "tax_due: {else: place, ",
        "  tax_due:",
        "`else: place` is not the key enterprise_code, fiscal_year",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_names_file_line_and_what_to_do(tmp_path: Path, mistake: tuple[str, str, str, str, str]) -> None:
    file, old, new, at, says = mistake
    project = yearly_project(tmp_path / "project")
    path = project / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    line = text.count("\n", 0, text.index(at)) + 1
    with pytest.raises(DeclarationError) as refused:
        open_project(Settings(project=project))
    assert str(refused.value).startswith(f"{path}:{line}: "), str(refused.value)
    assert says in str(refused.value)
