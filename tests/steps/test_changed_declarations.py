"""A contract edited over a lake that is full: nothing is doubled, and nothing is emptied without a person's word."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from pipelines.engines import delta_rs
from pipelines.errors import KeyRepeatedError
from pipelines.steps.losses import RowsWouldGoError
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import CONFIRMATIONS
from tests.support.deliveries import Delivered, household, permit
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE, PERMITS = "household_registration", "residence_permit"
OF_THE_WRITING = {
    "_received_at",
    "_version",
    "decided_at",
    "first_received_at",
    "received_at",
    "released_at",
    "version",
}
COLUMN = "  服务处所: {name: workplace, element: text}"


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Ten people of household 7, and a second delivery in which five of them moved to household 8."""
    folder = tmp_path_factory.mktemp("changed")
    found = Place(folder, project=tiny_project(folder / "project"))
    Delivered(SOURCE, "a.csv", [household(n, 户号="0007", 服务处所="新华街1号") for n in range(10)]).write(
        found.landing
    )
    Delivered(PERMITS, "p.csv", [permit(n) for n in range(6)]).write(found.landing)
    found.run()
    moved = [household(n, 户号="0008", 服务处所="红山路2号", 更新时间="2026-03-02 08:00:00") for n in range(5)]
    Delivered(SOURCE, "b.csv", moved).write(found.landing)
    found.run()
    return found


@pytest.fixture
def place(filled_once: Place, tmp_path: Path) -> Place:
    shutil.copytree(filled_once.folder, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, project=tmp_path / "project")


def rewrite(place: Place, *changes: tuple[str, str], source: str = SOURCE) -> None:
    """Replace texts of the contract, each of which stands in it once."""
    path = place.project / f"foundation_dbs/person/sources/{source}.yml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def numbers(place: Place, path: str) -> int:
    return DeltaTable(str(place.lake / path)).to_pyarrow_table().num_rows


def returned(place: Place) -> int:
    return numbers(place, "returns/person/person")


def unlike_a_lake_written_anew(place: Place) -> list[str]:
    anew = Place(place.folder, project=place.project, lake_name="anew")
    anew.run()
    with connection() as opened, anew.opened() as at:
        specs = [spec for spec in all_tables(at.workspace) if spec.id.layer not in ("raw", "quality")]
        return [
            difference
            for spec in specs
            for difference in differences(opened, spec, place.lake, anew.lake, ignored=OF_THE_WRITING)
        ]


def test_a_changed_key_writes_standard_anew_and_back(place: Place) -> None:
    assert numbers(place, f"standard/{SOURCE}") == 10
    wider = ("key: id_number", "key: [id_number, household_number]")
    required = ("element: document_number}", "element: document_number, required: true}")
    rewrite(place, wider, required)
    place.run()
    assert numbers(place, f"standard/{SOURCE}") == 15
    assert unlike_a_lake_written_anew(place) == []
    rewrite(place, (wider[1], wider[0]))
    place.run()
    assert numbers(place, f"standard/{SOURCE}") == 10
    Delivered(SOURCE, "c.csv", [household(3, 户号="0009", 更新时间="2026-03-03 08:00:00")]).write(place.landing)
    place.run()
    assert numbers(place, f"standard/{SOURCE}") == 10


HOUSEHOLDS = """from __future__ import annotations

import ibis.expr.types as ir

from pipelines.modelling import model


@model(title="户", key="{key}")
def household(household_registration: ir.Table) -> ir.Table:
    \"\"\"Who lives in which household.\"\"\"
    rows = household_registration
    return {rows}
"""


def test_a_model_s_changed_key_writes_its_table_anew(place: Place) -> None:
    model = place.project / "theme_dbs/household/household.py"
    model.parent.mkdir(parents=True)
    by_person = HOUSEHOLDS.format(key="id_number", rows='rows.select("id_number", "household_number")')
    model.write_text(by_person, encoding="utf-8")
    place.run()
    assert numbers(place, "theme/household/household") == 10
    last = 'rows.group_by("household_number").agg(id_number=rows.id_number.max())'
    model.write_text(HOUSEHOLDS.format(key="household_number", rows=last), encoding="utf-8")
    place.run()
    assert numbers(place, "theme/household/household") == 2


def test_what_a_model_imports_is_part_of_its_declaration(place: Place) -> None:
    folder = place.project / "theme_dbs/household"
    folder.mkdir(parents=True)
    for package in (folder.parent, folder):
        (package / "__init__.py").write_text("", encoding="utf-8")
    (folder / "words.py").write_text("LETTER = 'A'\n", encoding="utf-8")
    rows = "rows.select('id_number', letter=ibis.literal(LETTER))"
    text = HOUSEHOLDS.format(key="id_number", rows=rows).replace("import ibis.expr", "import ibis\nimport ibis.expr")
    text = text.replace("import model\n", "import model\nfrom theme_dbs.household.words import LETTER\n")
    text = text.replace('key="id_number")', 'key="id_number", columns={"letter": "字母"})')
    (folder / "household.py").write_text(text, encoding="utf-8")
    place.run()
    (folder / "words.py").write_text("LETTER = 'B'\n", encoding="utf-8")
    place.run()
    stored = DeltaTable(str(place.lake / "theme/household/household")).to_pyarrow_table()
    assert set(stored["letter"].to_pylist()) == {"B"}


WRITTEN = (
    f"standard/{SOURCE}",
    f"quarantine/{SOURCE}",
    "quality/batch_verdict",
    "quality/rule_result",
    "foundation/person/person",
)
ADDED = [("  更新时间:", "  派出所: {name: police_station, element: text, required: true}\n  更新时间:")]
STRICTER = [(COLUMN, "  服务处所: {name: workplace, element: id_number, required: true}")]
RENAMED = [(COLUMN, "  服务处所: {name: employer, element: text}")]
RENAMED_KEY = [
    ("key: permit_number", "key: permit"),
    ("  居住证编号: {name: permit_number,", "  居住证编号: {name: permit,"),
]
RETYPED_KEY = [("name: permit_number, element: document_number", "name: permit_number, element: past_date")]


@pytest.mark.parametrize(
    ("source", "changes", "message"),
    [
        (SOURCE, ADDED, "10 of 10 rows would go"),
        (PERMITS, RENAMED_KEY, "6 of 6 rows would go"),
        (PERMITS, RETYPED_KEY, "6 of 6 rows would go"),
        (SOURCE, STRICTER, "10 of 10 rows would go"),
        (SOURCE, RENAMED, "workplace is declared no more, and employer holds nothing"),
    ],
    ids=[
        "a required column added",
        "a key column renamed",
        "a key column of another type",
        "a stricter element",
        "a column renamed",
    ],
)
def test_an_edit_that_would_empty_a_source_stops_before_it_writes(
    place: Place, source: str, changes: list[tuple[str, str]], message: str
) -> None:
    rewrite(place, *changes, source=source)
    before = {path: DeltaTable(str(place.lake / path)).version() for path in WRITTEN}
    with pytest.raises(RowsWouldGoError) as error:
        place.run()
    assert message in str(error.value)
    assert f"huiliu backfill {source} --from " in str(error.value)
    assert f"huiliu gate confirm {source}" in str(error.value)
    assert {path: DeltaTable(str(place.lake / path)).version() for path in WRITTEN} == before
    assert returned(place) == 10


def test_a_renamed_column_is_filled_by_the_backfill_that_is_offered(place: Place) -> None:
    """Two sources at once: both are told before either is written."""
    rewrite(place, *RENAMED)
    rewrite(place, *RENAMED_KEY, source=PERMITS)
    with pytest.raises(RowsWouldGoError) as error:
        place.run()
    offered = re.findall(r"`huiliu (backfill [^`]+)`", str(error.value))
    assert [command.split()[1] for command in offered] == [SOURCE, PERMITS]
    for command in offered:
        assert place.huiliu(*command.split()).returncode == 0
    place.run()
    with place.opened() as at:
        assert {row["employer"] for row in at.standard(SOURCE)} == {"新华街1号", "红山路2号"}
        assert {row["permit"] for row in at.standard(PERMITS)} == {permit(number)["居住证编号"] for number in range(6)}
    assert returned(place) == 10
    assert unlike_a_lake_written_anew(place) == []


def test_a_person_s_word_lets_rows_go_under_those_declarations_alone(place: Place) -> None:
    rewrite(place, *STRICTER)
    refused = place.huiliu("run")
    assert (refused.returncode, "10 of 10 rows would go" in refused.stderr) == (2, True)
    done = place.huiliu("gate", "confirm", SOURCE, "--reason", "地址只收代码", "--by", "reviewer")
    assert done.returncode == 0, done.stderr
    assert place.run().exit_code == 1
    assert numbers(place, f"standard/{SOURCE}") == 0
    with place.opened() as at:
        (kept,) = at.rows(CONFIRMATIONS)
    assert (kept["source"], kept["decided_by"], kept["reason"]) == (SOURCE, "reviewer", "地址只收代码")
    again = place.huiliu("gate", "confirm", SOURCE, "--reason", "again")
    assert (again.returncode, "stands under the declarations as they are" in again.stderr) == (2, True)


def test_a_few_rows_that_go_stop_nobody(place: Place) -> None:
    """Two of ten, which is within the limit."""
    news = [household(n, 户号="0007", 服务处所="", 更新时间="2026-03-04 08:00:00") for n in range(2)]
    Delivered(SOURCE, "c.csv", news).write(place.landing)
    place.run()
    rewrite(place, (COLUMN, "  服务处所: {name: workplace, element: text, required: true}"))
    place.run()
    assert numbers(place, f"quarantine/{SOURCE}") == 2


def test_rows_that_share_their_key_are_told(place: Place) -> None:
    table = DeltaTable(str(place.lake / f"standard/{SOURCE}"))
    write_deltalake(table, table.to_pyarrow_table().slice(0, 1), mode="append", commit_properties=metadata_of(table))
    Delivered(SOURCE, "c.csv", [household(11)]).write(place.landing)
    with pytest.raises(KeyRepeatedError) as error:
        place.run()
    assert f"standard/{SOURCE} holds 1 rows more than keys (id_number)" in str(error.value)
    shutil.rmtree(place.lake / f"standard/{SOURCE}")
    place.run()
    assert numbers(place, f"standard/{SOURCE}") == 11


def metadata_of(table: DeltaTable) -> CommitProperties:
    """What the table's newest commit says of itself."""
    return CommitProperties(custom_metadata={"userMetadata": delta_rs.last_metadata(table) or "{}"})
