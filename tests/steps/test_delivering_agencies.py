"""Deliveries of several agencies to one source: by folder, by token, by a column; who delivered is kept and shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from deltalake import DeltaTable, write_deltalake

from pipelines.database.connection import Database
from pipelines.database.queue import Queue, Request
from pipelines.reports.site import build_report
from pipelines.service.deliver import deliver_pushed
from pipelines.steps.run import Run
from pipelines.tables.specs import BATCHES, finding_spec
from tests.support.deliveries import Delivered, cells_of, csv_text, death, deliver, household, json_lines, person_id
from tests.support.html_page import Page
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

PEOPLE, DEATHS = "household_registration", "death_registration"
OWN, CHIFENG, HOHHOT = "public_security", "public_security_150400", "public_security_150100"


def of_people(*numbers: int, **cells: str) -> str:
    return csv_text(cells_of([household(number, **cells) for number in numbers]))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first source names in a column who delivered, where neither folder nor token says it."""
    folder = tiny_project(tmp_path_factory.mktemp("several") / "project")
    contract = folder / f"foundation_dbs/person/sources/{PEOPLE}.yml"
    declared = yaml.safe_load(contract.read_text(encoding="utf-8"))
    declared["columns"]["报送机构"] = {"name": "sender", "element": "text"}
    declared["delivered_by"] = "sender"
    contract.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def senders(place: Place) -> dict[str, str | None]:
    with place.opened() as at:
        return {row["file"]: row["agency"] for row in at.rows(BATCHES)}


@pytest.fixture(scope="module")
def several(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Run]:
    """Files in folders of agencies, of one that is no provider, and of nobody; one batch of 赤峰's is held."""
    place = Place(tmp_path_factory.mktemp("folders"), project=project)
    for folder, file, numbers in (
        ("", "自治区.csv", range(3)),
        (f"/{CHIFENG}", "赤峰.csv", range(10, 13)),
        (f"/{HOHHOT}", "呼和浩特.csv", range(20, 23)),
        ("/health_150400", "卫健.csv", range(30, 33)),
        ("/备份", "旧.csv", range(40, 43)),
    ):
        deliver(place.landing, PEOPLE + folder, file, of_people(*numbers))
    deliver(place.landing, f"{PEOPLE}/{CHIFENG}", "无名.csv", of_people(*range(50, 58), 姓名=""))
    return place, place.run()


def test_files_are_taken_from_the_folders_of_providers_and_their_batches_name_them(
    several: tuple[Place, Run],
) -> None:
    place, run = several
    assert senders(place) == {"自治区.csv": None, "赤峰.csv": CHIFENG, "呼和浩特.csv": HOHHOT, "无名.csv": CHIFENG}
    assert run.ingested[PEOPLE].rows == 17


def test_a_folder_of_no_provider_is_told_and_stops_nobody(several: tuple[Place, Run]) -> None:
    place, run = several
    problems = sorted(str(problem) for problem in run.problems if "folder" in str(problem))
    assert len(problems) == 2, problems
    for folder, text in zip(("health_150400", "备份"), problems, strict=True):
        assert f"{PEOPLE}/{folder}: is a folder inside a source's folder and named like no provider of {PEOPLE}" in text
        assert f"name it like the agency that delivers ({OWN}, {HOHHOT}" in text
        assert "add that agency to the contract's `providers`, or move its files up" in text
    assert "卫健.csv" not in senders(place)


def test_commands_and_report_show_who_delivered(several: tuple[Place, Run]) -> None:
    place, _ = several
    assert f"{PEOPLE}/无名.csv from {CHIFENG}, 8 rows" in place.huiliu("gate", "list").stdout
    assert f"{HOHHOT}: 2" in place.huiliu("status").stdout, "and the time"
    deliver(place.landing, f"{PEOPLE}/{HOHHOT}", "赤峰.csv", of_people(*range(60, 63)))
    statuses = json.loads(place.huiliu("status", "--json").stdout)
    (raw,) = [table for table in statuses if table["table"] == f"raw/{PEOPLE}"]
    assert {*raw["delivered"]} == {CHIFENG, HOHHOT}
    assert raw["pending"]["files"] == 1, "a file of the same name as another agency's waits all the same"
    (place.landing / PEOPLE / HOHHOT / "赤峰.csv").unlink()
    with place.opened() as at:
        site = build_report(at.workspace, place.folder / "report").parent
    files = {row["文件"].split(".")[0]: row for row in Page(site / f"sources/{PEOPLE}.html").table("文件", "格式")}
    assert files["赤峰"]["交付机构"] == "赤峰市公安局"
    assert files["自治区"]["交付机构"] == "内蒙古自治区公安厅"
    own = {row["机构"]: row for row in Page(site / "index.html").table("机构", "隔离记录")}
    assert (own["赤峰市公安局"]["待决批次"], own["内蒙古自治区公安厅"]["待决批次"]) == ("1", "0")


def test_the_region_of_who_delivered_says_who_must_act(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    again = {"死亡证编号": "D15040200009999", "死亡日期": "2026-01-15", "更新时间": "2026-02-01 08:00:00"}
    deliver(place.landing, f"{DEATHS}/health_150400", "一.csv", csv_text(cells_of([death(1, **again), death(1)])))
    deliver(place.landing, DEATHS, "二.csv", csv_text(cells_of([death(2, **again | {"死亡证编号": "D2"}), death(2)])))
    place.run()
    with place.opened() as at:
        catalog = at.workspace.catalog
        found = at.rows(finding_spec(catalog, catalog.records["person"]))
    acting = {row["subject"]: row["agency"] for row in found if row["rule"] == "several_death_dates"}
    assert acting == {person_id(1): "health_150400", person_id(2): "health"}


def test_pushed_rows_are_those_of_the_token_s_agency(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    with place.opened() as at:
        settings = at.workspace.settings
        with Database.of(settings) as database:
            database.upgrade()
            for number, agency in enumerate((OWN, CHIFENG)):
                body = json_lines([household(number)]).encode()
                Queue(database, 100).take(Request.of(PEOPLE, agency, "key", body), [body])
        deliver_pushed(settings)
    place.run()
    assert sorted(str(agency) for agency in senders(place).values()) == [OWN, CHIFENG]


def test_a_column_of_the_file_may_name_who_delivered(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    named: dict[str, list[Any]] = {
        "名称.csv": ["赤峰市公安局", "赤峰市公安局"],
        "代号.csv": [HOHHOT, HOHHOT],
        "两家.csv": [HOHHOT, CHIFENG],
        "别人.csv": ["某市公安局", "某市公安局"],
    }
    for at, (file, agencies) in enumerate(named.items()):
        rows = [household(10 * at + number, 报送机构=agency) for number, agency in enumerate(agencies)]
        Delivered(PEOPLE, file, rows).write(place.landing)
    run = place.run()
    assert senders(place) == {"名称.csv": CHIFENG, "代号.csv": HOHHOT, "两家.csv": None, "别人.csv": None}
    problems = {str(problem).split(",")[0]: str(problem) for problem in run.problems}
    assert "have each agency's rows delivered in a file of its own" in problems[f"{PEOPLE}/两家.csv"]
    assert "column 报送机构: its rows name no provider" in problems[f"{PEOPLE}/别人.csv"]
    assert "某市" not in "".join(problems.values())


def test_a_lake_from_before_it_was_kept_goes_on(project: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, project=project)
    deliver(place.landing, PEOPLE, "从前.csv", of_people(0))
    place.run()
    path = place.lake / BATCHES.id.path
    old = DeltaTable(str(path)).to_pyarrow_table().drop_columns(["agency"])
    shutil.rmtree(path)
    write_deltalake(str(path), old)
    deliver(place.landing, f"{PEOPLE}/{CHIFENG}", "如今.csv", of_people(1))
    place.run()
    assert senders(place) == {"从前.csv": None, "如今.csv": CHIFENG}
