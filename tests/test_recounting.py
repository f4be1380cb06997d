"""Batches judged before are counted anew when the rules change, and rows that cannot be typed stop nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.lake import clock
from pipelines.lake.specs import BATCHES, RULE_RESULTS, raw_spec
from pipelines.quality.verdicts import TYPABLE, decide, gate_verdicts, verdicts_of
from pipelines.steps.workspace import Workspace
from tests.conftest import Place
from tests.deliveries import household
from tests.small_project import Delivered, small_project

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
    found = Place(tmp_path, project=small_project(tmp_path / "project", sources=(SOURCE,)))
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
        return {one["file"]: standing[one["batch"]] for one in at.rows(BATCHES)}


def test_other_rules_count_anew_what_was_judged_and_people_s_verdicts_stand(place: Place) -> None:
    assert verdicts(place) == {"with.csv": "passed", "without.csv": "passed", "nameless.csv": "held"}
    with place.opened() as at:
        (held,) = [one["batch"] for one in at.rows(BATCHES) if one["file"] == "nameless.csv"]
        decide(at.workspace.lake, held, "released", "the names follow")
    rules = place.project / f"expectations/person/{SOURCE}.yml"
    declared = rules.read_text(encoding="utf-8")
    rules.write_text(declared + STRICTER, encoding="utf-8")
    done = place.run()
    assert {one.file: one.verdict for one in done.standardised[SOURCE].judged} == {
        "with.csv": "passed",
        "without.csv": "held",
        "nameless.csv": "held",
    }
    assert verdicts(place) == {"with.csv": "passed", "without.csv": "held", "nameless.csv": "released"}
    assert counted(place, "moved_in_stated") == {"with.csv": (10, 0), "without.csv": (6, 6), "nameless.csv": (6, 6)}
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 10
    rules.write_text(declared, encoding="utf-8")
    place.run()
    assert verdicts(place) == {"with.csv": "passed", "without.csv": "passed", "nameless.csv": "released"}
    assert counted(place, "moved_in_stated") == {}, "a rule that is gone is counted no longer"
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 16
        assert len(at.rows(RULE_RESULTS)) == len({(one["batch"], one["rule"]) for one in at.rows(RULE_RESULTS)})


def counted(place: Place, rule: str) -> dict[str, tuple[int, int]]:
    """File → how many rows a rule was applied to, and how many broke it."""
    with place.opened() as at:
        files = {one["batch"]: one["file"] for one in at.rows(BATCHES)}
        found = [one for one in at.rows(RULE_RESULTS) if one["rule"] == rule]
        return {files[one["batch"]]: (one["evaluated"], one["broken"]) for one in found}


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
    assert [one.verdict for one in done.standardised[SOURCE].judged] == ["passed"]
    assert verdicts(place)["poisoned.parquet"] == "held"
    with place.opened() as at:
        assert len(at.standard(SOURCE)) == 17
        lake = at.workspace.lake
        assert gate_verdicts(lake, SOURCE)["poisoned"]["rules"] == [TYPABLE]
        with pytest.raises(ValueError, match="cannot be read as values: ask for a new file and reject this one"):
            decide(lake, "poisoned", "released", "let it in")
        decide(lake, "poisoned", "rejected", "asked for a new file")
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


def poison(workspace: Workspace) -> None:
    """A row whose name is no UTF-8, as an Arrow column may claim to be without being it."""
    lake, spec = workspace.lake, raw_spec(workspace.catalog, workspace.catalog.contracts[SOURCE])
    received_at = clock.now()
    row: dict[str, Any] = dict.fromkeys(spec.names) | {"_batch": "poisoned", "_row": 1, "_received_at": received_at}
    table = pa.Table.from_pylist([row], schema=spec.ibis_schema.to_pyarrow())
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xc4\xda"))
    table = table.set_column(table.schema.get_field_index("person_name"), "person_name", bad)
    lake.append(spec, pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), "poisoned")
    entry: dict[str, Any] = dict.fromkeys(BATCHES.names) | {
        "batch": "poisoned",
        "source": SOURCE,
        "file": "poisoned.parquet",
        "received_at": received_at,
        "rows": 1,
        "readable": True,
        "problems": [],
    }
    lake.append_rows(BATCHES, [entry], once="poisoned")
