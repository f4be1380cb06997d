"""From landing to returns on simulated files: everything planted is found, and a second run finds nothing to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.quality.score import score
from pipelines.steps.tables import all_tables, integrated_tables, source_tables
from simulation import simulate
from tests.conftest import Place

SEEDS = (11, 12, 13)


@pytest.fixture(scope="module", params=SEEDS)
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp(f"seed{request.param}"))
    simulate(500, request.param, place.folder)
    place.run()
    return place


def test_every_planted_defect_has_its_outcome_and_nothing_else_does(simulated: Place) -> None:
    with simulated.opened() as at:
        found = score(at.workspace, simulated.folder / "truth")
    wrong = {one.outcome: (one.due, one.found, one.right) for one in found.outcomes if not one.perfect}
    assert not wrong
    assert all(one.due for one in found.outcomes)


def test_a_second_run_changes_no_table(simulated: Place) -> None:
    with simulated.opened() as at:
        before = {spec.id: at.workspace.lake.version(spec.id) for spec in all_tables(at.workspace)}
    again = simulated.run()
    assert not again.changed
    assert again.exit_code == 0
    with simulated.opened() as at:
        assert {spec.id: at.workspace.lake.version(spec.id) for spec in all_tables(at.workspace)} == before


def test_every_declared_table_holds_rows(simulated: Place) -> None:
    """Not every source has withdrawn something, but some have."""
    with simulated.opened() as at:
        tables = [*source_tables(at.workspace), *integrated_tables(at.workspace)]
        empty = {spec.id for spec in tables if not at.workspace.lake.row_count(spec.id)}
    assert {table.layer for table in empty} <= {"withdrawn"}, sorted(empty)
    assert {spec.id for spec in tables if spec.id.layer == "withdrawn"} - empty


def test_a_city_gets_its_own_rows_and_no_others(simulated: Place) -> None:
    with simulated.opened() as at:
        lake = at.workspace.lake
        for city in at.workspace.catalog.cities:
            people = lake.engine.read(str(simulated.lake / "returns" / city / "person" / "person"))
            regions = {row["residence_region"][:4] for row in lake.engine.rows(people.select("residence_region"))}
            assert regions <= {city[:4]}


def test_what_a_law_withholds_is_not_returned(simulated: Place) -> None:
    with simulated.opened() as at:
        lake = at.workspace.lake
        whole = lake.engine.read(str(simulated.lake / "foundation" / "person" / "death"))
        part = lake.engine.read(str(simulated.lake / "returns" / "150100" / "person" / "death"))
    assert set(whole.columns) - set(part.columns) == {"cause_of_death"}
    assert "id_number" in part.columns


def test_the_score_is_no_formality(simulated: Place, tmp_path: Path) -> None:
    """A truth that says otherwise is seen: one due row left out, one golden value changed."""
    truth = tmp_path / "truth"
    shutil.copytree(simulated.folder / "truth", truth)
    outcomes = (truth / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    dropped = next(line for line in outcomes if line.startswith("quarantine"))
    (truth / "outcomes.csv").write_text(
        "\n".join(line for line in outcomes if line != dropped) + "\n", encoding="utf-8"
    )
    golden = (truth / "golden_person.csv").read_text(encoding="utf-8")
    (truth / "golden_person.csv").write_text(golden.replace("1501", "1502"), encoding="utf-8")
    told = simulated.huiliu("score", "--truth", str(truth), "--json")
    assert told.returncode == 1
    said = json.loads(told.stdout)
    lines = {one["outcome"]: one for one in said["outcomes"]}
    assert not said["perfect"]
    assert lines["quarantine"]["precision"] < 1
    assert lines["golden person"]["recall"] < 1
    assert lines["golden legal_entity"]["recall"] == 1
