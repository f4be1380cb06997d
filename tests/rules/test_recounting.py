"""Batches judged before are counted anew when the rules change, and rows that cannot be typed stop nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest

from pipelines import clock
from pipelines.engines import delta_files
from pipelines.lake.lake import Lake
from pipelines.operations.maintenance import maintain
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import (
    TYPABLE,
    Person,
    by_gate,
    decide,
    gate_verdicts,
    moment_of_decision,
    verdict_row,
    verdicts_of,
)
from pipelines.steps.losses import RowsWouldGoError, confirm_loss
from pipelines.tables.specs import BATCHES, RULE_RESULTS, VERDICTS, raw_spec
from pipelines.tables.table import TableSpec
from pipelines.tables.verdict import Verdict
from tests.support.deliveries import Delivered, Row, household, name_of
from tests.support.ground_project import VENUE
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
STRICTER = """
- rule: moved_in_stated
  type: expect_column_values_to_not_be_null
  column: household_address
  severity: critical
  title: 应有户籍地址
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Ten people with an address and, in a file of their own, six without; six more whose names are missing."""
    found = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    people = [household(number, 户籍地址="新华街1号") for number in range(10)]
    Delivered(SOURCE, "with.csv", people).write(found.landing)
    Delivered(SOURCE, "without.csv", [household(number) for number in range(10, 16)]).write(found.landing)
    Delivered(SOURCE, "nameless.csv", [household(number, 姓名="") for number in range(20, 26)]).write(found.landing)
    found.run()
    return found


def verdicts(place: Place) -> dict[str, str]:
    """File → the verdict that stands."""
    with place.opened() as at:
        standing = verdicts_of(at.workspace.lake)
        return {row["file"]: standing[row["batch"]] for row in at.rows(BATCHES)}


def test_other_rules_count_anew_what_was_judged_and_people_s_verdicts_stand(place: Place) -> None:
    assert verdicts(place) == {"with.csv": "passed", "without.csv": "passed", "nameless.csv": "held"}
    with place.opened() as at:
        (held,) = [row["batch"] for row in at.rows(BATCHES) if row["file"] == "nameless.csv"]
        decide(at.workspace.lake, held, Verdict.RELEASED, "the names follow")
    rules = place.project / f"expectations/person/{SOURCE}.yml"
    declared = rules.read_text(encoding="utf-8")
    rules.write_text(declared + STRICTER, encoding="utf-8")
    let_rows_go(place)
    done = place.run()
    assert {batch.file: batch.verdict for batch in done.standardised[SOURCE].judged} == {
        "with.csv": "passed",
        "without.csv": "held",
        "nameless.csv": "held",
    }
    assert [batch.file for batch in done.standardised[SOURCE].held] == ["without.csv"], (
        "what people decided is not asked"
    )
    assert len(done.held) == done.exit_code == 1
    assert verdicts(place) == {"with.csv": "passed", "without.csv": "held", "nameless.csv": "released"}
    assert counted(place, "moved_in_stated") == {"with.csv": (10, 0), "without.csv": (6, 6), "nameless.csv": (6, 6)}
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 10
    rules.write_text(declared, encoding="utf-8")
    place.run()
    assert verdicts(place) == {"with.csv": "passed", "without.csv": "passed", "nameless.csv": "released"}
    with place.opened() as at:
        by_batch = {row["batch"]: row["verdict"] for row in at.workspace.lake.engine.rows(by_gate(at.workspace.lake))}
        assert {row["file"]: by_batch[row["batch"]] for row in at.rows(BATCHES)} == {
            "with.csv": "passed",
            "without.csv": "passed",
            "nameless.csv": "held",
        }, "what the gate said before counts no more, what people said is theirs"
    assert counted(place, "moved_in_stated") == {}, "a rule that is gone is counted no longer"
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 16
        assert len(at.rows(RULE_RESULTS)) == len({(row["batch"], row["rule"]) for row in at.rows(RULE_RESULTS)})


def let_rows_go(place: Place) -> None:
    """Six of sixteen rows are more than changed declarations may take out of standard unasked."""
    with pytest.raises(RowsWouldGoError, match="6 of 16 rows would go"):
        place.run()
    with place.opened() as at:
        confirm_loss(at.workspace, at.workspace.catalog.contracts[SOURCE], "stricter", Person("reviewer"))


def counted(place: Place, rule: str) -> dict[str, tuple[int, int]]:
    """File → how many rows a rule was applied to, and how many broke it."""
    with place.opened() as at:
        files = {row["batch"]: row["file"] for row in at.rows(BATCHES)}
        found = [row for row in at.rows(RULE_RESULTS) if row["rule"] == rule]
        return {files[row["batch"]]: (row["evaluated"], row["broken"]) for row in found}


def test_a_batch_that_a_crash_left_counted_by_other_rules_is_counted_anew(place: Place) -> None:
    kept = Lake.append_rows

    def killed(lake: Lake, spec: TableSpec, rows: list[dict[str, Any]], once: str) -> bool:
        if spec.id == VERDICTS.id:
            raise KeyboardInterrupt
        return kept(lake, spec, rows, once)

    Delivered(SOURCE, "late.csv", [household(number) for number in range(40, 46)]).write(place.landing)
    with patch.object(Lake, "append_rows", killed), pytest.raises(KeyboardInterrupt):
        place.run()
    rules = place.project / f"expectations/person/{SOURCE}.yml"
    rules.write_text(rules.read_text(encoding="utf-8") + STRICTER, encoding="utf-8")
    let_rows_go(place)
    place.run()
    assert verdicts(place)["late.csv"] == "held"
    assert counted(place, "moved_in_stated")["late.csv"] == (6, 6)
    with place.opened() as at:
        assert len(at.rows(RULE_RESULTS)) == len({(row["batch"], row["rule"]) for row in at.rows(RULE_RESULTS)})


def test_another_word_for_deleting_is_understood_in_what_was_delivered_before(place: Place) -> None:
    Delivered(SOURCE, "flag.csv", [household(3, 更新时间="2026-04-01 08:00:00", 操作标志="注销")]).write(place.landing)
    place.run()
    with place.opened() as at:
        assert ["delete_flag.known"] in [row["_rules"] for row in at.quarantine(SOURCE)]
        assert len(at.standard(SOURCE)) == 16
    words = place.project / "catalog/codes/operation.csv"
    words.write_text(words.read_text(encoding="utf-8").replace("D,删除,", "D,删除,注销;"), encoding="utf-8")
    place.run()
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 15
        assert ["delete_flag.known"] not in [row["_rules"] for row in at.quarantine(SOURCE)]


def test_the_same_rules_count_nothing_anew(place: Place) -> None:
    with place.opened() as at:
        before = gate_verdicts(at.workspace.lake, SOURCE)
    assert place.run().standardised[SOURCE].judged == []
    with place.opened() as at:
        assert gate_verdicts(at.workspace.lake, SOURCE) == before


def test_a_batch_in_raw_that_cannot_be_typed_is_held_and_stops_nobody(place: Place) -> None:
    """As a lake may hold one that was written before readers refused such bytes."""
    with place.opened() as at:
        poison(at.workspace)
    Delivered(SOURCE, "later.csv", [household(30)]).write(place.landing)
    done = place.run()
    assert [batch.verdict for batch in done.standardised[SOURCE].judged] == ["passed"]
    assert done.held == ["poisoned"]
    assert verdicts(place)["poisoned.parquet"] == "held"
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 17
        lake = at.workspace.lake
        assert gate_verdicts(lake, SOURCE)["poisoned"].rules == [TYPABLE]
        with pytest.raises(ValueError, match="cannot be read as values: ask for a new file and reject this one"):
            decide(lake, "poisoned", Verdict.RELEASED, "let it in")
        decide(lake, "poisoned", Verdict.REJECTED, "asked for a new file")
    Delivered(SOURCE, "last.csv", [household(31)]).write(place.landing)
    place.run()
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 18
    # Nor when everything is computed anew.
    rules = place.project / f"expectations/person/{SOURCE}.yml"
    rules.write_text(rules.read_text(encoding="utf-8") + STRICTER.replace("critical", "warning"), encoding="utf-8")
    place.run()
    assert verdicts(place)["poisoned.parquet"] == "rejected"
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 18


@pytest.mark.parametrize("judged", [True, False])
def test_what_cannot_be_read_is_not_put_together_with_what_can(
    place: Place, monkeypatch: pytest.MonkeyPatch, judged: bool
) -> None:
    """Nor does it keep the other tables from being maintained."""
    monkeypatch.setattr(delta_files, "MANY_FILES", 2)
    Delivered(SOURCE, "earlier.csv", [household(29)]).write(place.landing)
    place.run()  # a commit of its own in the list of batches too
    with place.opened() as at:
        poison(at.workspace)
    if judged:
        place.run()
    with place.opened() as at:
        done = {maintained.table.path: maintained for maintained in maintain(at.workspace)}
    assert done[f"raw/{SOURCE}"].files == done[f"raw/{SOURCE}"].files_before == 5
    assert done["quality/batch"].files < done["quality/batch"].files_before
    Delivered(SOURCE, "later.csv", [household(30)]).write(place.landing)
    place.run()
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 18


def test_a_snapshot_that_cannot_be_typed_withdraws_nothing(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    (project / "foundation_dbs/person/sources/venue.yml").write_text(VENUE, encoding="utf-8")
    place = Place(tmp_path, project=project)
    for file, numbers in {"1.csv": range(3), "2.csv": range(4)}.items():
        Delivered("venue", file, [venue(number) for number in numbers]).write(place.landing)
    place.run()
    with place.opened() as at:
        lake = at.workspace.lake
        poison(at.workspace, "venue")
        # As one that was released while its rows could be typed.
        released = verdict_row("poisoned", "venue", Verdict.RELEASED, "let it in", moment_of_decision(lake))
        lake.append_rows(VERDICTS, [released], once="released")
    place.run()
    contract = project / "foundation_dbs/person/sources/venue.yml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("update: daily", "update: weekly"), "utf-8")
    place.run()
    with place.opened() as at:
        assert len(at.standard("venue")) == 4


def venue(number: int) -> Row:
    return {
        "场所编号": f"V150102{number:06d}",
        "负责人": name_of(number),
        "位置": "POINT (1 0)",
        "更新时间": "2026-03-01",
    }


def poison(workspace: Workspace, source: str = SOURCE) -> None:
    """A row whose name is no UTF-8, as an Arrow column may claim to be without being it."""
    lake, spec = workspace.lake, raw_spec(workspace.catalog, workspace.catalog.contracts[source])
    received_at = clock.now()
    row: dict[str, Any] = dict.fromkeys(spec.names) | {"_batch": "poisoned", "_row": 1, "_received_at": received_at}
    table = pa.Table.from_pylist([row], schema=spec.ibis_schema.to_pyarrow())
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xc4\xda"))
    table = table.set_column(table.schema.get_field_index("person_name"), "person_name", bad)
    lake.append(spec, pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), "poisoned")
    entry: dict[str, Any] = dict.fromkeys(BATCHES.names) | {
        "batch": "poisoned",
        "source": source,
        "file": "poisoned.parquet",
        "received_at": received_at,
        "rows": 1,
        "readable": True,
        "problems": [],
    }
    lake.append_rows(BATCHES, [entry], once="poisoned")
