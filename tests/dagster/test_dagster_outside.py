"""Dagster shows what `huiliu run` and `huiliu gate` did to the lake outside it: each once, nothing of its own again."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.described import landing_key
from pipelines.operations.maintenance import maintain
from pipelines.rules.verdicts import verdicts_of
from tests.support.dagster_beside import Dagster, dagster_beside
from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:Starting in dagster 1.11"),
]
HOUSEHOLD, MARRIAGE = "household_registration", "marriage_registration"


def events_by_asset(events: Sequence[Any], kind: type[Any]) -> dict[str, Any]:
    return {"/".join(event.asset_key.path): event for event in events if isinstance(event, kind)}


def materialised(events: Sequence[Any]) -> dict[str, Any]:
    return events_by_asset(events, dg.AssetMaterialization)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, project=tiny_project(tmp_path / "project"))


@pytest.fixture
def dagster(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dagster]:
    with dagster_beside(place, monkeypatch) as found:
        yield found


def test_each_version_is_told_once_with_rows_version_and_time(place: Place, dagster: Dagster) -> None:
    Delivered(HOUSEHOLD, "a.csv", [household(number) for number in range(3)]).write(place.landing)
    place.run()
    found = materialised(dagster.tick())
    assert {f"raw/{HOUSEHOLD}", f"standard/{HOUSEHOLD}", "foundation/person/person", "quality/release"} <= {*found}
    assert f"raw/{MARRIAGE}" not in found, "what was never written is not materialised"
    golden = {name: value.value for name, value in found["foundation/person/person"].metadata.items()}
    assert (golden["dagster/row_count"], golden["version"]) == (3, 0)
    assert golden["dagster/uri"].endswith("foundation/person/person")
    assert golden["written_at"]
    cities = found["returns/person/person"].metadata["cities"].value.records
    assert sum(record.data["rows"] for record in cities) == 3
    assert found["quality/release"].metadata["release"].value == 1
    assert dagster.tick() == []
    assert dagster.tick(afresh=True) == [], "the lake and Dagster's events say what was told, not the sensor's memory"

    Delivered(HOUSEHOLD, "b.csv", [household(3)]).write(place.landing)
    place.run()
    news = materialised(dagster.tick())
    assert news["foundation/person/person"].metadata["dagster/row_count"].value == 4
    assert f"quarantine/{HOUSEHOLD}" not in news or news[f"quarantine/{HOUSEHOLD}"].tags
    place.run()
    assert dagster.tick() == [], "a run without news changes nothing"


def test_what_dagsters_own_run_wrote_is_not_told_again(place: Place, dagster: Dagster) -> None:
    Delivered(HOUSEHOLD, "a.csv", [household(number) for number in range(3)]).write(place.landing)
    assert dagster.run().success
    inside = dagster.last("foundation/person/person")
    assert (inside.metadata["dagster/row_count"].value, inside.metadata["version"].value) == (3, 0)
    assert dagster.tick() == []
    with place.opened() as at:
        maintain(at.workspace)
    assert dagster.tick() == [], "maintenance moves a table's version and not its rows"

    Delivered(HOUSEHOLD, "b.csv", [household(3)]).write(place.landing)
    place.run()
    assert materialised(dagster.tick())["foundation/person/person"].metadata["dagster/row_count"].value == 4
    assert dagster.run().success
    assert dagster.tick() == []


def test_a_late_telling_does_not_make_an_old_delivery_fresh(
    place: Place, dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    Delivered(HOUSEHOLD, "a.csv", [household(1)]).write(place.landing)
    place.run()
    landing = "/".join(landing_key(HOUSEHOLD).path)
    with monkeypatch.context() as late:
        late.setattr("dagster_project.outcomes.TOLD_IN_TIME", datetime.timedelta())
        events = dagster.tick()
    assert landing not in materialised(events)
    assert events_by_asset(events, dg.AssetObservation)[landing].metadata["file"].value == "a.csv"
    assert dagster.tick(afresh=True) == []
    Delivered(HOUSEHOLD, "b.csv", [household(2)]).write(place.landing)
    place.run()
    assert materialised(dagster.tick())[landing].metadata["rows"].value == 1


def test_a_decision_made_outside_is_seen_in_the_check(place: Place, dagster: Dagster) -> None:
    Delivered(HOUSEHOLD, "a.csv", [household(1)]).write(place.landing)
    Delivered(HOUSEHOLD, "nameless.csv", [household(number, 姓名="") for number in range(10, 16)]).write(place.landing)
    place.run()
    dagster.tick()
    with place.opened() as at:
        (held,) = [batch for batch, verdict in verdicts_of(at.workspace.lake).items() if verdict == "held"]
    assert not dagster.check(f"standard/{HOUSEHOLD}", "gate").passed
    assert held in (dagster.check(f"standard/{HOUSEHOLD}", "gate").description or "")
    assert place.huiliu("gate", "reject", held, "--reason", "ask again").returncode == 0
    evaluations = events_by_asset(dagster.tick(), dg.AssetCheckEvaluation)
    assert {*evaluations} == {f"standard/{HOUSEHOLD}"}
    assert dagster.check(f"standard/{HOUSEHOLD}", "gate").passed


def test_a_file_without_readable_rows_is_told_by_its_checks(place: Place, dagster: Dagster) -> None:
    place.landing.joinpath(HOUSEHOLD).mkdir(parents=True)
    (place.landing / HOUSEHOLD / "broken.xlsx").write_bytes(b"PK no workbook")
    place.run()
    assert f"raw/{HOUSEHOLD}" not in materialised(dagster.tick())
    assert "broken.xlsx" in str(dagster.check(f"raw/{HOUSEHOLD}", "delivery").description)
    assert not dagster.check(f"standard/{HOUSEHOLD}", "gate").passed
    assert dagster.tick(afresh=True) == []


def test_the_sensor_leaves_a_run_that_goes_on_alone(place: Place, dagster: Dagster) -> None:
    Delivered(HOUSEHOLD, "a.csv", [household(1)]).write(place.landing)
    place.run()
    run = dg.DagsterRun(job_name="everything", status=dg.DagsterRunStatus.STARTED)
    dagster.instance.add_run(run)
    assert dagster.tick() == []
    assert dagster.skipped
    assert "under way" in dagster.skipped
    dagster.instance.delete_run(run.run_id)
    assert materialised(dagster.tick())


def test_a_place_without_a_lake_is_said(place: Place, dagster: Dagster) -> None:
    assert dagster.tick() == []
    assert f"there is no lake at {place.lake}" in str(dagster.skipped)
    assert "HUILIU_LAKE" in str(dagster.skipped)


def test_no_run_is_asked_for_what_a_run_outside_has_taken(place: Place, dagster: Dagster) -> None:
    def asked() -> int:
        context = dg.build_sensor_context(dagster.instance, definitions=dagster.defs)
        return len(dagster.defs.get_sensor_def("new_deliveries").evaluate_tick(context).run_requests or [])

    Delivered(HOUSEHOLD, "a.csv", [household(1)]).write(place.landing)
    assert asked() == 1
    place.run()
    assert asked() == 0
    Delivered(HOUSEHOLD, "b.csv", [household(2)]).write(place.landing)
    assert asked() == 1
