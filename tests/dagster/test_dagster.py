"""Dagster shows what is declared and makes the same tables as `huiliu run`; a held batch is seen and stops nobody."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable, write_deltalake

from dagster_project.definitions import build_definitions
from dagster_project.deliveries import freshness, is_idle, table_schedule
from dagster_project.described import asset_key, landing_key
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import SourceTable
from pipelines.project.catalog import read_catalog
from pipelines.project.workspace import open_project, open_workspace
from pipelines.settings import Settings
from pipelines.steps.plan import plan
from pipelines.steps.run import run
from pipelines.steps.tables import all_tables, integrated_tables, returned_tables, source_tables
from pipelines.steps.typed_rows import typed
from pipelines.tables.lineage import parents
from simulation.checksums import id_number

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:Starting in dagster 1.11"),
]
ROOT = Path(__file__).resolve().parents[2]
DAGSTER = str(Path(sys.executable).with_name("dagster"))
PEOPLE = [id_number(first) for first in ("15010219800101100", "15020219810202201", "15220119820303302")]
WRONG = PEOPLE[0][:-1] + ("0" if PEOPLE[0][-1] != "0" else "1")
TIMES = {"_received_at", "received_at", "decided_at", "released_at", "table_id"}


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_definitions(Settings())


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(ROOT)


def _specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {"/".join(spec.key.path): spec for spec in defs.resolve_all_asset_specs()}


def test_there_is_one_asset_for_each_declared_table(defs: dg.Definitions) -> None:
    declared = open_project(Settings())
    tables = [*source_tables(declared), *integrated_tables(declared), *returned_tables(declared)]
    made = {"/".join(key.path) for key in defs.resolve_asset_graph().materializable_asset_keys}
    assert made == {"/".join(asset_key(table.id).path) for table in tables} | {
        "quality/duplicate_collection",
        "quality/release",
    }
    assert {"raw/household_registration", "foundation/person/conflict", "returns/person/marriage"} <= made


def test_the_declared_lineage_of_standard_is_that_of_its_expression() -> None:
    declared = open_project(Settings())
    for task in plan(declared):
        if task.step == "standardise":
            assert task.contract
            raw, standard = task.inputs[0], task.outputs[0]
            source = next(spec for spec in source_tables(declared) if spec.id == raw)
            computed = parents(typed(declared.catalog, task.contract, source.unbound))
            lineage = {
                name: {(table.path, column) for table, column in found}
                for name, found in task.origins()[standard.id].items()
            }
            assert lineage == {name: set(found) for name, found in computed.items() if name in standard.names}


def test_a_task_comes_after_everything_it_reads() -> None:
    made: set[str] = set()
    for task in plan(open_project(Settings())):
        assert {table.path for table in task.inputs} <= made, task.name
        made |= {spec.id.path for spec in task.outputs}


@pytest.mark.parametrize("update", ["realtime", "daily", "weekly", "monthly", "quarterly", "yearly"])
def test_freshness_follows_the_contracts_frequency(catalog: Catalog, update: str) -> None:
    contract = catalog.contracts["market_entity"].model_copy(update={"update": update})
    policy: Any = freshness(contract)
    if update == "realtime":
        assert policy.fail_window.to_timedelta() < datetime.timedelta(hours=1)
    else:
        assert policy.timezone == "Asia/Shanghai"
        days = {"daily": 1, "weekly": 7, "monthly": 28, "quarterly": 90, "yearly": 365}
        assert policy.lower_bound_delta == datetime.timedelta(days=days[update])


def test_each_source_has_a_freshness_policy(defs: dg.Definitions, catalog: Catalog) -> None:
    specs = _specs(defs)
    for contract in catalog.contracts.values():
        assert specs[f"landing/{contract.name}"].freshness_policy == freshness(contract)


@pytest.mark.parametrize(("update", "schedules"), [("realtime", ["realtime_tables"]), ("daily", [])])
def test_a_table_in_real_time_is_read_every_few_minutes(catalog: Catalog, update: str, schedules: list[str]) -> None:
    table = SourceTable(connection="civil_affairs", name="public.marriage", watermark="updated_at")
    contract = catalog.contracts["market_entity"].model_copy(update={"table": table, "update": update})
    job = dg.define_asset_job("everything")
    assert [schedule.name for schedule in table_schedule(job, [contract])] == schedules
    assert table_schedule(job, [contract.model_copy(update={"table": None})]) == []


@pytest.mark.parametrize(
    ("status", "asks"), [(None, True), ("STARTED", False), ("NOT_STARTED", False), ("SUCCESS", True)]
)
def test_tables_are_not_read_while_a_run_goes_on(catalog: Catalog, status: str | None, asks: bool) -> None:
    table = SourceTable(connection="civil_affairs", name="public.marriage", watermark="updated_at")
    contract = catalog.contracts["market_entity"].model_copy(update={"table": table, "update": "realtime"})
    [schedule] = table_schedule(dg.define_asset_job("everything"), [contract])
    with dg.DagsterInstance.ephemeral() as instance:
        if status:
            instance.add_run(dg.DagsterRun(job_name="everything", status=dg.DagsterRunStatus(status)))
        assert is_idle(SimpleNamespace(instance=instance)) is asks  # type: ignore[arg-type]
    assert schedule.cron_schedule == "*/5 * * * *"


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUILIU_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("HUILIU_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HUILIU_SETTLE", "5")
    return tmp_path / "landing"


def _place(path: Path, text: str, age: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    changed = time.time() - age
    os.utime(path, (changed, changed))


def _tick(defs: dg.Definitions, cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, cursor=cursor)
        tick = defs.get_sensor_def("new_deliveries").evaluate_tick(context)
    return list(tick.run_requests or []), tick.cursor


def test_the_sensor_asks_for_a_run_when_a_file_is_delivered(defs: dg.Definitions, landing: Path) -> None:
    requests, cursor = _tick(defs, None)
    assert requests == []
    _place(landing / "death_registration" / "a.csv", "死亡证编号\nD1\n", age=60)
    requests, cursor = _tick(defs, cursor)
    assert len(requests) == 1
    again, cursor = _tick(defs, cursor)
    assert again == []
    _place(landing / "death_registration" / "a.csv", "死亡证编号\nD1\n", age=30)
    touched, cursor = _tick(defs, cursor)
    assert touched == []
    _place(landing / "death_registration" / "a.csv", "死亡证编号\nD2\n", age=20)
    rewritten, cursor = _tick(defs, cursor)
    assert len(rewritten) == 1
    assert rewritten[0].run_key != requests[0].run_key


@pytest.mark.parametrize("ends", ["FAILURE", "CANCELED", "SUCCESS", "STARTED"])
def test_the_sensor_asks_again_for_what_a_failed_run_did_not_take(
    defs: dg.Definitions, landing: Path, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _place(landing / "death_registration" / "a.csv", "死亡证编号\nD1\n", age=60)
    with dg.DagsterInstance.ephemeral() as instance:

        def ticked(cursor: str | None) -> tuple[list[dg.RunRequest], str]:
            context = dg.build_sensor_context(instance, cursor=cursor)
            tick = defs.get_sensor_def("new_deliveries").evaluate_tick(context)
            for request in tick.run_requests or []:
                tags = {"dagster/run_key": str(request.run_key)}
                instance.add_run(dg.DagsterRun("everything", status=dg.DagsterRunStatus(ends), tags=tags))
            return list(tick.run_requests or []), str(tick.cursor)

        [first], cursor = ticked(None)
        soon, cursor = ticked(cursor)
        assert soon == [], "not at once, or what cannot work would fill the queue"
        monkeypatch.setattr("dagster_project.deliveries.FIRST_PAUSE", 0)
        later, cursor = ticked(cursor)
        assert len(later) == (ends in ("FAILURE", "CANCELED"))
        for again in later:
            assert again.run_key != first.run_key
            assert again.tags["huiliu/delivered"] == "death_registration"
            (landing / "death_registration" / "a.csv").unlink()
            assert ticked(cursor)[0] == [], "what lies there no more is not asked for"


@pytest.mark.parametrize("name", ["a.csv.part", "~$a.xlsx", ".a.csv.swp"])
def test_the_sensor_leaves_temporary_files_alone(defs: dg.Definitions, landing: Path, name: str) -> None:
    _place(landing / "death_registration" / name, "死亡证编号\nD1\n", age=60)
    assert _tick(defs, None)[0] == []


def test_the_sensor_waits_until_a_file_has_settled(defs: dg.Definitions, landing: Path) -> None:
    path = landing / "death_registration" / "a.csv"
    _place(path, "死亡证编号\nD1\n", age=0)
    requests, cursor = _tick(defs, None)
    assert requests == []
    _place(path, "死亡证编号\nD1\n", age=60)
    assert len(_tick(defs, cursor)[0]) == 1


def test_the_workspace_loads_and_is_valid() -> None:
    command = [DAGSTER, "definitions", "validate", "-w", "workspace.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@dataclass(frozen=True)
class BothWays:
    """The same deliveries, taken in by `huiliu run` into one lake and by Dagster's command line into another."""

    by_run: Settings
    by_dagster: Settings
    command: subprocess.CompletedProcess[str]
    instance: dg.DagsterInstance


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothWays]:
    folder = tmp_path_factory.mktemp("both_ways")
    landing = folder / "landing"
    header = "公民身份号码,姓名,户籍地区划代码,更新时间"
    rows = [f"{number},甲{place},{number[:6]},2026-01-0{place} 08:00:00" for place, number in enumerate(PEOPLE, 1)]
    rows += [f"{WRONG},乙,150102,2026-01-01 08:00:00"]
    _place(landing / "household_registration" / "h.csv", "\n".join([header, *rows]) + "\n", age=60)
    # A header without rows breaks a rule on the whole batch, so it is held.
    _place(
        landing / "marriage_registration" / "m.csv", "登记证号,登记类型,登记日期,男方身份证件号,女方身份证件号\n", 60
    )
    by_run = Settings(landing=landing, lake=folder / "by_run", settle=0)
    by_dagster = Settings(landing=landing, lake=folder / "by_dagster", settle=0)
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = subprocess.Popen(
        [DAGSTER, "asset", "materialize", "--select", "*", "-m", "dagster_project.definitions"],
        cwd=ROOT,
        env={**os.environ, **_variables(by_dagster), "DAGSTER_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with open_workspace(by_run) as workspace:
        assert run(workspace).exit_code == 1
    output, _ = command.communicate(timeout=300)
    finished = subprocess.CompletedProcess(command.args, command.returncode, output)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield BothWays(by_run, by_dagster, finished, instance)


def _project_of_persons(folder: Path) -> Path:
    """The declarations of one database, in a folder of their own: half the tables, half the time."""
    for part in ("catalog", "expectations", "foundation_dbs/person", "theme_dbs/personal_file"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _variables(settings: Settings) -> dict[str, str]:
    names = ("project", "landing", "lake", "settle")
    return {f"HUILIU_{name.upper()}": str(getattr(settings, name)) for name in names}


def test_a_run_with_a_held_batch_succeeds(both_ways: BothWays) -> None:
    assert both_ways.command.returncode == 0, both_ways.command.stdout[-3000:]


def test_dagster_makes_the_same_tables_as_huiliu_run(both_ways: BothWays) -> None:
    by_run, by_dagster = _tables(both_ways.by_run), _tables(both_ways.by_dagster)
    assert [name for name in by_run if by_run[name] != by_dagster[name]] == []
    assert len(by_run["foundation/person/person"]) == len(PEOPLE)
    assert len(by_run["quarantine/household_registration"]) == 1
    assert len(by_run["returns/person/person"]) == len(PEOPLE)


def _tables(settings: Settings) -> dict[str, list[str]]:
    """Every table's rows, sorted; times of day are left out, and Great Expectations' own record of its run."""
    with open_workspace(settings) as workspace:
        found = {}
        for spec in all_tables(workspace):
            if spec.id.path != "quality/validation":
                rows = workspace.lake.read(spec).select(*(name for name in spec.names if name not in TIMES))
                found[spec.id.path] = sorted(map(repr, workspace.lake.engine.rows(rows)))
        return found


def test_the_gates_check_fails_for_the_held_batch_alone(both_ways: BothWays) -> None:
    held = _evaluation(both_ways, "standard/marriage_registration", "gate")
    assert not held.passed
    assert held.severity == dg.AssetCheckSeverity.ERROR
    assert not held.blocking
    assert "batch.row_count" in json.dumps([record.data for record in held.metadata["broken_rules"].value.records])
    passed = _evaluation(both_ways, "standard/household_registration", "gate")
    assert passed.passed
    broken = {record.data["rule"] for record in passed.metadata["broken_rules"].value.records}
    assert "id_number.check_digit" in broken


def test_a_rules_check_says_how_many_rows_of_which_file_break_it(both_ways: BothWays) -> None:
    broken = _evaluation(both_ways, "standard/household_registration", "id_number__check_digit")
    assert (broken.passed, broken.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (broken.metadata["broken"].value, broken.metadata["evaluated"].value) == (1, 4)
    assert "1 of 4 rows break it (h.csv: 1)" in str(broken.description)
    (row,) = [record.data for record in broken.metadata["batches"].value.records]
    assert (row["file"], row["broken"], row["verdict"]) == ("h.csv", 1, "passed")
    kept = _evaluation(both_ways, "standard/household_registration", "row__ragged")
    assert kept.passed
    assert "all 4 rows keep it" in str(kept.description)
    holding = _evaluation(both_ways, "standard/marriage_registration", "batch__row_count")
    assert (holding.passed, holding.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert str(holding.description).startswith("每批至少一条记录: 1 of 1 batches break it")
    assert "held until a person decides" in holding.metadata["follows"].value


def _evaluation(both_ways: BothWays, asset: str, check: str) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), check)
    records = both_ways.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])
    evaluation = records[key].evaluation
    assert evaluation is not None
    return evaluation


def test_a_materialisation_says_rows_rejects_and_rows_per_city(both_ways: BothWays) -> None:
    def metadata(asset: str) -> dict[str, object]:
        event = both_ways.instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
        assert event
        assert event.asset_materialization
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    quarantine = metadata("quarantine/household_registration")
    assert (quarantine["dagster/row_count"], quarantine["rejects"], quarantine["reject_share"]) == (1, 1, 0.25)
    returned = metadata("returns/person/person")
    rows = {record.data["city"]: record.data["rows"] for record in returned["cities"].records}  # type: ignore[attr-defined]
    assert {city: count for city, count in rows.items() if count} == {"150100": 1, "150200": 1, "152200": 1}
    assert len(rows) == 12


def test_only_a_delivery_counts_as_fresh(both_ways: BothWays) -> None:
    def delivered(source: str) -> bool:
        return both_ways.instance.get_latest_materialization_event(landing_key(source)) is not None

    assert delivered("household_registration")
    assert not delivered("death_registration")


def test_no_personal_value_is_in_dagsters_log(both_ways: BothWays) -> None:
    assert not [number for number in (*PEOPLE, WRONG) if number in both_ways.command.stdout]


def test_a_doubled_golden_key_stops_what_would_flow_back(both_ways: BothWays, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = both_ways.by_dagster.lake.path
    for name, value in _variables(both_ways.by_dagster).items():
        monkeypatch.setenv(name, value)
    golden, returned = lake / "foundation/person/person", lake / "returns/person/person"
    with open_workspace(both_ways.by_dagster) as workspace:
        spec = next(spec for spec in integrated_tables(workspace) if spec.id.path == "foundation/person/person")
        doubled = workspace.lake.engine.stream(workspace.lake.read(spec).limit(1)).read_all()
    write_deltalake(golden, doubled, mode="append")
    before = DeltaTable(returned).version()
    paths = ("foundation/person/person", "foundation/person/conflict", "returns/person/person")
    job = build_definitions(both_ways.by_dagster).resolve_job_def("everything")
    done = job.execute_in_process(
        asset_selection=[dg.AssetKey(path.split("/")) for path in paths], raise_on_error=False
    )
    assert not done.success
    failed = [evaluation for evaluation in done.get_asset_check_evaluations() if not evaluation.passed]
    assert [(evaluation.asset_key.path[-1], evaluation.check_name, evaluation.blocking) for evaluation in failed] == [
        ("person", "key", True)
    ]
    assert failed[0].metadata["doubled_keys"].value == 1
    assert DeltaTable(returned).version() == before
