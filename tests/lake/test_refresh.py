"""News in small deliveries: only what differs is written, verdicts decide what flows, and a crash loses nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from pipelines.declarations.reading import DeclarationError
from pipelines.lake.lake import Lake
from pipelines.rules.verdicts import decide
from pipelines.tables.specs import BATCHES, VERDICTS
from pipelines.tables.verdict import Verdict
from tests.support.deliveries import cells_of, csv_text, deliver, household, marriage, person_id
from tests.support.place import Place, copied_project

pytestmark = pytest.mark.whole_lake

PEOPLE = range(20)


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Twenty registered people, three couples, run once."""
    place = Place(tmp_path_factory.mktemp("filled"))
    deliver(place.landing, "household_registration", "1.csv", csv_text(cells_of([household(n) for n in PEOPLE])))
    deliver(place.landing, "marriage_registration", "1.csv", csv_text(cells_of([marriage(n) for n in range(3)])))
    place.run()
    return place


@pytest.fixture
def filled(filled_once: Place, tmp_path: Path) -> Place:
    """A copy of that lake for each test to change: a lake may be moved, no table names its own place."""
    shutil.copytree(filled_once.folder, tmp_path / "copy")
    return Place(tmp_path / "copy")


def table(place: Place, path: str) -> DeltaTable:
    return DeltaTable(str(place.lake / path))


def rows(place: Place, path: str, *columns: str) -> list[dict[str, Any]]:
    with place.opened() as at:
        stored = at.workspace.lake.engine.read(str(place.lake / path))
        return at.workspace.lake.engine.rows(stored.select(*columns))


def changes(place: Place, path: str, since: int) -> list[str]:
    """The kinds of change in a table's change feed after a version."""
    feed = table(place, path).load_cdf(starting_version=since + 1, allow_out_of_range=True)
    return sorted(kind.as_py() for batch in feed for kind in batch["_change_type"])


def test_the_same_rows_in_two_new_files_are_one_row_in_standard(filled: Place) -> None:
    """Each file is judged by itself: a row repeats within its own file only."""
    both = [marriage(3), marriage(4)]
    deliver(filled.landing, "marriage_registration", "2.csv", csv_text(cells_of([*both, marriage(5)])))
    deliver(filled.landing, "marriage_registration", "3.csv", csv_text(cells_of([*both, marriage(6)])))
    assert not filled.run().held
    assert len(rows(filled, "standard/marriage_registration", "_batch")) == 3 + 4


def test_a_change_moves_one_row_through_every_layer(filled: Place) -> None:
    mover = person_id(4)
    watched = ["standard/household_registration", "foundation/person/person"]
    returned = "returns/person/person"
    before = {path: table(filled, path).version() for path in [*watched, returned]}
    moved = household(4, 户籍地区划代码="150402", 更新时间="2026-04-01 08:00:00")
    deliver(filled.landing, "household_registration", "2.csv", csv_text(cells_of([moved])))

    done = filled.run()

    assert done.changed
    for path in watched:
        assert changes(filled, path, before[path]) == ["update_postimage", "update_preimage"]
    assert table(filled, returned).version() == before[returned] + 1, "one commit for both cities"
    feed = pa.table(table(filled, returned).load_cdf(starting_version=before[returned] + 1)).to_pylist()
    moves = {(row["_change_type"], row["city"], row["id_number"]) for row in feed}
    assert moves == {("delete", "150100", mover), ("insert", "150400", mover)}
    there = [row["id_number"] for row in rows(filled, returned, "city", "id_number") if row["city"] == "150400"]
    assert there == [mover]
    marriages = table(filled, "foundation/person/marriage")
    assert marriages.version() == 0, "a table whose inputs did not move is not written"


def test_the_files_of_a_city_without_changes_are_not_read(filled: Place) -> None:
    for file, number, region in (("2.csv", 40, "150402"), ("3.csv", 41, "150102")):
        rows = [household(number, 户籍地区划代码=region)]
        deliver(filled.landing, "household_registration", file, csv_text(cells_of(rows)))
        filled.run()
    last = table(filled, "returns/person/person").history(1)[0]
    assert "150100" in last["operationParameters"]["mergePredicate"]
    assert int(last["operationMetrics"]["num_target_files_skipped_during_scan"]) == 1
    added = pa.table(table(filled, "returns/person/person").get_add_actions(flatten=True)).to_pylist()
    assert all(action["path"].startswith(f"city={action['partition.city']}/") for action in added)
    changed = (filled.lake / "returns/person/person/_change_data").glob("*/*.parquet")
    assert {path.parent.name for path in changed} <= {"city=150100", "city=150400"}


def test_a_late_older_version_changes_nothing_and_moves_the_watermark(filled: Place) -> None:
    before = table(filled, "standard/household_registration").version()
    late = household(4, 户籍地区划代码="150402", 更新时间="2020-01-01 08:00:00")
    deliver(filled.landing, "household_registration", "late.csv", csv_text(cells_of([late])))
    filled.run()
    after = table(filled, "standard/household_registration")
    assert after.version() == before + 1
    assert changes(filled, "standard/household_registration", before) == []
    watermark = json.loads(after.history(1)[0]["userMetadata"])
    assert watermark["inputs"]["raw/household_registration"][1] == table(filled, "raw/household_registration").version()


def test_a_deletion_takes_the_person_out_and_a_late_row_does_not_bring_it_back(filled: Place) -> None:
    gone = household(5, 操作标志="D", 更新时间="2026-04-01 08:00:00")
    deliver(filled.landing, "household_registration", "gone.csv", csv_text(cells_of([gone])))
    filled.run()
    late = household(5, 更新时间="2026-03-15 08:00:00")
    deliver(filled.landing, "household_registration", "late.csv", csv_text(cells_of([late])))
    filled.run()
    people = {row["id_number"] for row in rows(filled, "foundation/person/person", "id_number")}
    assert person_id(5) not in people
    assert len(people) == len(PEOPLE) - 1


def held_batch(place: Place) -> str:
    """A delivery in which five rows of six have a broken number: more than the contract tolerates."""
    broken = [household(n, 公民身份号码="1.50102E+17") for n in (21, 22, 24, 25, 26)]
    deliver(place.landing, "household_registration", "bad.csv", csv_text(cells_of([household(23), *broken])))
    done = place.run()
    assert done.exit_code == 1
    return done.held[0]


def test_a_held_batch_leaves_standard_untouched_until_it_is_released(filled: Place) -> None:
    before = table(filled, "standard/household_registration").version()
    batch = held_batch(filled)
    assert changes(filled, "standard/household_registration", before) == []
    assert len(rows(filled, "raw/household_registration", "_row")) == len(PEOPLE) + 6
    assert filled.run().exit_code == 0, "a batch that was held before is no news"

    done = filled.huiliu("gate", "release", batch, "--reason", "核对无误")
    assert done.returncode == 0, done.stderr
    assert filled.run().changed
    people = {row["id_number"] for row in rows(filled, "foundation/person/person", "id_number")}
    assert person_id(23) in people
    assert {row["_row"] for row in rows(filled, "quarantine/household_registration", "_row")} == {3, 4, 5, 6, 7}
    assert not filled.run().changed


def test_a_rejected_batch_stays_out_for_good(filled: Place) -> None:
    batch = held_batch(filled)
    with filled.opened() as at:
        decide(at.workspace.lake, batch, Verdict.REJECTED, "旧文件")
        with pytest.raises(ValueError, match="only a held batch"):
            decide(at.workspace.lake, batch, Verdict.RELEASED, "再想想")
        with pytest.raises(LookupError, match="huiliu gate list"):
            decide(at.workspace.lake, "no-such-batch", Verdict.RELEASED, "")
    filled.run()
    people = {row["id_number"] for row in rows(filled, "foundation/person/person", "id_number")}
    assert person_id(23) not in people


def test_a_crash_between_two_commits_neither_doubles_nor_loses(filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after raw's commit, and again after the verdict's: the next run goes on from there."""
    append = Lake.append_rows
    deliver(filled.landing, "household_registration", "2.csv", csv_text(cells_of([household(30), household(31)])))
    for dies_at in (BATCHES, VERDICTS):

        def dying(self: Lake, spec: Any, *arguments: Any, dies_at: Any = dies_at, **named: Any) -> bool:
            if spec is dies_at:
                raise KeyboardInterrupt
            return append(self, spec, *arguments, **named)

        monkeypatch.setattr(Lake, "append_rows", dying)
        with pytest.raises(KeyboardInterrupt):
            filled.run()
        monkeypatch.undo()
    filled.run()
    assert len(rows(filled, "raw/household_registration", "_row")) == len(PEOPLE) + 2
    assert len(rows(filled, "quality/batch", "batch")) == 3
    assert len(rows(filled, "quality/batch_verdict", "batch")) == 3
    assert len(rows(filled, "foundation/person/person", "id_number")) == len(PEOPLE) + 2


def test_a_changed_declaration_recomputes_and_says_so(filled: Place, tmp_path: Path) -> None:
    """A column that the contract gives up, a new word in a code list; raw keeps what it has."""
    project = copied_project(tmp_path / "project")
    contract = project / "foundation_dbs/person/sources/marriage_registration.yml"
    lines = contract.read_text(encoding="utf-8").splitlines(keepends=True)
    contract.write_text("".join(line for line in lines if "name: registrar," not in line), encoding="utf-8")
    codes = project / "catalog/codes/sex.csv"
    codes.write_text(codes.read_text(encoding="utf-8").replace("男性", "男性;爷们"), encoding="utf-8")
    changed = Place(filled.folder, project=project)
    deliver(changed.landing, "household_registration", "2.csv", csv_text(cells_of([household(40, 性别="爷们")])))

    done = {refreshed.table.path: refreshed for refreshed in changed.run().refreshed}

    assert done["standard/marriage_registration"].reason == "declarations changed"
    assert "registrar" not in {field.name for field in table(changed, "standard/marriage_registration").schema().fields}
    assert "registrar" in {field.name for field in table(changed, "raw/marriage_registration").schema().fields}
    sexes = rows(changed, "standard/household_registration", "id_number", "sex")
    assert {"id_number": person_id(40), "sex": "1"} in sexes
    assert not changed.run().changed


def test_a_model_that_withholds_what_it_has_not_is_refused(filled: Place, tmp_path: Path) -> None:
    project = copied_project(tmp_path / "project")
    model = project / "foundation_dbs/person/death.py"
    model.write_text(
        model.read_text(encoding="utf-8").replace('"cause_of_death": "PIPL', '"cause_of_deth": "PIPL'), encoding="utf-8"
    )
    with pytest.raises(DeclarationError, match=r"death\.py:\d+: .*cause_of_deth is no column"):
        Place(filled.folder, project=project).run()


def test_a_column_that_would_be_taken_for_the_partition_is_refused(filled: Place, tmp_path: Path) -> None:
    project = copied_project(tmp_path / "project")
    record = project / "foundation_dbs/person/person.yml"
    text = record.read_text(encoding="utf-8").replace(
        "attributes:\n", "attributes:\n  city: {title: 城市, from: [household_registration.household_region]}\n"
    )
    record.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"person\.yml: person: in what flows back, `city` says whose partition"):
        Place(filled.folder, project=project).run()
