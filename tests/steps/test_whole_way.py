"""From landing to returns on simulated files: everything planted is found, and a second run finds nothing to do."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from pipelines.reports.score import score
from pipelines.steps.tables import all_tables, integrated_tables, source_tables
from simulation import simulate
from simulation.world.places import CITIES
from tests.support.place import Place

pytestmark = pytest.mark.whole_lake

# One in every run of the tests; by hand as many as there is time for: HUILIU_SEEDS=20.
SEEDS = range(11, 11 + int(os.environ.get("HUILIU_SEEDS", "1")))
SCOPE = ("residence_region", "household_region", "insured_region")
KINDS = ("quarantine", "flag", "hold", "conflict", "finding", "accept")


@pytest.fixture(scope="module", params=SEEDS)
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp(f"seed{request.param}"))
    simulate(500, request.param, place.folder)
    place.run()
    return place


def test_every_planted_defect_has_its_outcome_and_nothing_else_does(simulated: Place) -> None:
    with simulated.opened() as at:
        found = score(at.workspace, simulated.folder / "truth")
    wrong = {
        outcome.outcome: (outcome.due, outcome.found, outcome.right)
        for outcome in found.outcomes
        if not outcome.perfect
    }
    assert not wrong
    assert not found.unscored
    # Not every source withdraws something, or gives old numbers.
    assert all(outcome.due for outcome in found.outcomes if not outcome.outcome.startswith(("withdrawn", "alias")))


def test_a_second_run_changes_no_table(simulated: Place) -> None:
    with simulated.opened() as at:
        before = {spec.id: at.workspace.lake.version(spec.id) for spec in all_tables(at.workspace)}
    again = simulated.run()
    assert not again.changed
    assert again.exit_code == 0
    with simulated.opened() as at:
        assert {spec.id: at.workspace.lake.version(spec.id) for spec in all_tables(at.workspace)} == before


def test_every_declared_table_holds_rows(simulated: Place) -> None:
    """Not every source has withdrawn something, or given old numbers, but some have."""
    with simulated.opened() as at:
        tables = [*source_tables(at.workspace), *integrated_tables(at.workspace)]
        empty = {spec.id for spec in tables if not at.workspace.lake.row_count(spec.id)}
    of_some = ("withdrawn", "alias")
    assert {table.layer for table in empty} <= {*of_some}, sorted(empty)
    for layer in of_some:
        assert {spec.id for spec in tables if spec.id.layer == layer} - empty


def test_a_city_gets_its_own_rows_and_no_others(simulated: Place) -> None:
    with simulated.opened() as at:
        lake = at.workspace.lake
        people = lake.engine.rows(lake.engine.read(str(simulated.lake / "returns/person/person")))
        assert {row["city"] for row in people} == set(CITIES)
        for row in people:
            places = [(row[region] or "")[:4] + "00" for region in SCOPE]
            assert next(place for place in places if place in CITIES) == row["city"]


def test_what_a_law_withholds_is_not_returned(simulated: Place) -> None:
    with simulated.opened() as at:
        lake = at.workspace.lake
        whole = lake.engine.read(str(simulated.lake / "foundation" / "person" / "death"))
        part = lake.engine.read(str(simulated.lake / "returns/person/death"))
    assert set(whole.columns) - set(part.columns) == {"cause_of_death"}
    assert "id_number" in part.columns


def test_the_score_is_no_formality(simulated: Place, tmp_path: Path) -> None:
    """A truth that says otherwise is seen in every line: one outcome of each kind, one cell of each table."""
    truth = tmp_path / "truth"
    shutil.copytree(simulated.folder / "truth", truth)
    tables = [path for path in truth.rglob("*.csv") if path.name != "outcomes.csv"]
    for path in tables:
        _change_a_cell(path)
    _leave_out_one_of_each(truth / "outcomes.csv")
    done = simulated.huiliu("score", "--truth", str(truth), "--json")
    assert done.returncode == 1
    scores = json.loads(done.stdout)
    assert not scores["perfect"]
    assert not scores["unscored"]
    assert len(scores["outcomes"]) == len(tables) + len(KINDS)
    assert [score["outcome"] for score in scores["outcomes"] if score["precision"] == score["recall"] == 1] == []


def _change_a_cell(path: Path) -> None:
    """The last cell of the last row says something else; a table without rows gets one."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    last = rows.pop() if rows else ["" for _ in header]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows, [*last[:-1], last[-1] + "9"]])


def _leave_out_one_of_each(path: Path) -> None:
    """Of each kind of outcome the first is not due any more; what was accepted is due in quarantine."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    for kind in KINDS:
        first = next(at for at, row in enumerate(rows) if row[0] == kind and (row[3] or row[7] or kind == "hold"))
        if kind == "accept":
            rows[first] = ["quarantine", *rows[first][1:5], "no.such_rule", *rows[first][6:]]
        else:
            del rows[first]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def test_a_table_without_a_truth_is_named(simulated: Place, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    shutil.copytree(simulated.folder / "truth", truth)
    (truth / "foundation" / "person" / "death.csv").unlink()
    (truth / "golden_person.csv").unlink()
    with simulated.opened() as at:
        found = score(at.workspace, truth)
    assert sorted(found.unscored) == ["foundation death", "golden person"]
    done = simulated.huiliu("score", "--truth", str(truth))
    assert "foundation death: no truth" in done.stdout
