"""The analyst's file: a commented, masked table per table that opens offline with the plain DuckDB command line.

And what a masked file is good for: exact joins by pseudonyms, ages to count with, what columns and codes mean.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

from pipelines.engines.duckdb import file as duckdb_file
from pipelines.engines.duckdb.file import Contents, folder_beside, write_file
from pipelines.engines.duckdb.pseudonyms import teach_pseudonyms
from pipelines.project.workspace import open_workspace
from pipelines.reports.analyst_file import write_analyst_file
from pipelines.settings import Settings
from pipelines.storage.pseudonyms import KEY
from tests.support.analyst_files import AWKWARD, OF_THE_LAKE, Analyst, opened, tables_of, value, views_of
from tests.support.simulated_demo import PROGRAMS, ROOT, huiliu

pytestmark = pytest.mark.whole_lake

NOTEBOOK = ROOT / "notebooks" / "first_analysis.ipynb"
OFFLINE = ["unshare", "--user", "--map-root-user", "--net"]
COUNTED = "(SELECT count(*) FROM person.person)"
PERSONAL = {
    "person.person": ["id_number", "person_name", "phone", "household_address", "residence_address"],
    "person.marriage": ["spouse_id", "spouse_name"],
    "person.id_alias": ["alias"],
    "legal_entity.legal_entity": ["representative_id", "representative_name", "registered_address"],
    "standard.household_registration": ["person_name", "household_address"],
    "standard.social_insurance": ["person_name", "phone"],
}


def personal_values(unmasked: duckdb.DuckDBPyConnection) -> set[str]:
    found = {
        str(row[0])
        for table, columns in PERSONAL.items()
        for column in columns
        for row in unmasked.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
    }
    assert len(found) > 1000
    # What came masked may be shown as it came, and a few digits in the place of a number are anybody's count too.
    return {value for value in found if "*" not in value and not (value.isdigit() and len(value) < 7)}


def test_every_table_of_the_lake_has_one_view_where_values_are_shown(
    analyst: Analyst, unmasked: duckdb.DuckDBPyConnection
) -> None:
    tables = tables_of(analyst.lake)
    assert len(tables) > 60
    assert views_of(unmasked) == set(tables)
    assert value(unmasked, f"SELECT count(*) FROM duckdb_tables() WHERE NOT internal AND {OF_THE_LAKE}") == 0


@pytest.mark.parametrize("kind", ["masked", "portable"])
def test_a_masked_file_holds_one_table_for_each(kind: str, analyst: Analyst, request: pytest.FixtureRequest) -> None:
    connection = request.getfixturevalue(kind)
    assert views_of(connection) == set(tables_of(analyst.lake))
    assert value(connection, "SELECT count(*) FROM duckdb_views() WHERE NOT internal") == 0


@pytest.mark.parametrize("kind", ["masked", "portable"])
def test_every_view_and_every_column_says_in_chinese_what_it_is(kind: str, request: pytest.FixtureRequest) -> None:
    connection = request.getfixturevalue(kind)
    wanting = connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND NOT coalesce(regexp_matches(comment, '\\p{Han}'), false) "
        "UNION ALL SELECT schema_name, name, NULL FROM ("
        "  SELECT schema_name, view_name AS name, comment FROM duckdb_views() WHERE NOT internal"
        "  UNION ALL SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE NOT internal"
        ") WHERE NOT coalesce(regexp_matches(comment, '\\p{Han}'), false)"
    ).fetchall()
    assert wanting == []


def test_unmasked_views_hold_what_the_lake_holds(analyst: Analyst, unmasked: duckdb.DuckDBPyConnection) -> None:
    differing = {}
    for view, folder in tables_of(analyst.lake).items():
        stored = f"delta_scan('{str(folder).replace(chr(39), chr(39) * 2)}')"
        unlike = f"(FROM {view} EXCEPT ALL FROM {stored}) UNION ALL (FROM {stored} EXCEPT ALL FROM {view})"
        if found := value(unmasked, f"SELECT count(*) FROM ({unlike})"):
            differing[view] = found
    assert differing == {}


def test_masked_views_differ_from_the_lake_in_personal_columns_alone(
    masked: duckdb.DuckDBPyConnection, unmasked: duckdb.DuckDBPyConnection
) -> None:
    for view in ("person.person", "legal_entity.legal_entity", "personal_file.person_file", "quality.batch"):
        columns = masked.execute(
            "SELECT column_name FROM duckdb_columns() WHERE schema_name || '.' || table_name = ? "
            "AND NOT regexp_matches(comment, '已脱敏|假名')",
            [view],
        ).fetchall()
        query = f"SELECT {', '.join(name for (name,) in columns)} FROM {view} ORDER BY ALL"
        assert len(columns) > 5
        assert masked.execute(query).fetchall() == unmasked.execute(query).fetchall() != []


def test_masks_leave_what_their_element_keeps(masked: duckdb.DuckDBPyConnection) -> None:
    kept = (
        "regexp_full_match(id_number_masked, '\\d{6}\\*{12}') "
        "AND coalesce(regexp_full_match(person_name, '[^*]\\**'), true)"
    )
    assert value(masked, f"SELECT count(*) FROM person.person WHERE NOT ({kept})") == 0


def test_no_personal_value_stands_in_any_masked_column(
    portable: duckdb.DuckDBPyConnection, unmasked: duckdb.DuckDBPyConnection
) -> None:
    """Whole values in any column, and numbers anywhere within a row, nested columns included."""
    known = sorted(personal_values(unmasked))
    leaks = {}
    with portable.cursor() as connection:
        connection.execute("CREATE TEMP TABLE known AS SELECT unnest(?::VARCHAR[]) AS value", [known])
        for table in views_of(portable):
            rows = f"SELECT to_json(t)::VARCHAR AS said FROM {table} t"
            tokens = f"SELECT unnest(regexp_extract_all(said, '[0-9]{{11,}}[0-9Xx]?')) AS value FROM ({rows})"
            whole = f'SELECT unnest(regexp_extract_all(said, \'"([^"]+)"\', 1)) AS value FROM ({rows})'
            for query in (tokens, whole):
                if found := value(connection, f"SELECT count(*) FROM ({query}) JOIN known USING (value)"):
                    leaks[table] = found
    assert leaks == {}


def test_unmasked_views_show_personal_values(unmasked: duckdb.DuckDBPyConnection) -> None:
    people, whole = unmasked.execute(
        "SELECT count(*), count(*) FILTER (WHERE regexp_full_match(id_number, '\\d{17}[\\dX]')) FROM person.person"
    ).fetchall()[0]
    assert people == whole > 400


def test_a_portable_file_opens_without_extension_or_lake(analyst: Analyst, tmp_path: Path) -> None:
    carried = shutil.copy(analyst.portable, tmp_path / "carried.duckdb")
    moved = analyst.lake.rename(analyst.lake.with_name("moved"))
    try:
        loaded = "SELECT count(*) FROM duckdb_extensions() WHERE loaded AND extension_name = 'delta'"
        done = subprocess.run(
            [PROGRAMS / "duckdb", "-readonly", "-csv", "-noheader", carried, f"FROM {COUNTED}; {loaded}"],
            env={"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        with opened(analyst.unmasked) as connection, pytest.raises(duckdb.Error):
            connection.execute("FROM person.person")
    finally:
        moved.rename(analyst.lake)
    with opened(analyst.unmasked) as connection:
        assert done.stdout.split() == [str(value(connection, f"FROM {COUNTED}")), "0"]


def launched(launcher: Path, query: str, home: Path, *, path: str = "/usr/bin:/bin", **variables: str) -> Any:
    """The launcher as an analyst types it, with a home of its own and, where the system allows, without network."""
    home.mkdir(exist_ok=True)
    is_offline = subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode == 0
    return subprocess.run(
        [*(OFFLINE if is_offline else []), str(launcher), "-json", "-c", query],
        env={"HOME": str(home), "PATH": path, "TZ": "Asia/Shanghai", **variables},
        cwd="/", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("unshare") is None, reason="without unshare a launcher that downloads is not seen")
@pytest.mark.parametrize("kind", ["masked", "unmasked"])
def test_launcher_opens_the_file_offline_and_installs_nothing(kind: str, analyst: Analyst, tmp_path: Path) -> None:
    done = launched(
        folder_beside(getattr(analyst, kind)) / "open.sh",
        "SELECT count(*) AS people, (SELECT count(received_at) FROM quality.batch) AS files FROM person.person",
        tmp_path / "home",
    )
    assert (done.returncode, done.stderr) == (0, "")
    with opened(analyst.unmasked) as connection:
        people = value(connection, f"FROM {COUNTED}")
        files = value(connection, "SELECT count(*) FROM quality.batch")
    assert json.loads(done.stdout) == [{"people": people, "files": files}]
    assert list((tmp_path / "home").iterdir()) == []


def test_several_people_open_the_file_at_once(analyst: Analyst, tmp_path: Path) -> None:
    with duckdb.connect(analyst.masked, read_only=True):
        done = launched(folder_beside(analyst.masked) / "open.sh", "SELECT 1 AS one", tmp_path / "home")
    assert json.loads(done.stdout) == [{"one": 1}]


def test_launcher_without_duckdb_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / AWKWARD / "small.duckdb"
    file.parent.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(tmp_path / "gone" / "python"))
        write_file(file, Contents(), None, portable=False, memory="1GB")
    other = tmp_path / "other" / "duckdb"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho v0.1.0 Older\n")
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    launcher = folder_beside(file) / "open.sh"
    for path in ("/usr/bin:/bin", f"{other.parent}:/usr/bin:/bin"):
        done = launched(launcher, "SELECT 1", tmp_path / "home", path=path)
        assert done.returncode == 127
        assert f"pip install duckdb-cli=={duckdb.__version__}" in done.stderr
        assert "DUCKDB=" in done.stderr
    named = launched(launcher, "SELECT 1 AS one", tmp_path / "home", DUCKDB=str(PROGRAMS / "duckdb"))
    assert json.loads(named.stdout) == [{"one": 1}]


def test_an_interrupted_attempt_is_no_hindrance(tmp_path: Path) -> None:
    file = tmp_path / "small.duckdb"
    for left in ("small.duckdb.part", "small.duckdb.part.wal"):
        (tmp_path / left).write_bytes(b"half of it")
    write_file(file, Contents(), None, portable=True, memory="1GB")
    assert [path.name for path in tmp_path.iterdir()] == ["small.duckdb"]


def test_out_may_be_relative_and_new(analyst: Analyst, tmp_path: Path) -> None:
    typed = huiliu("duckdb", "--lake", os.path.relpath(analyst.lake, tmp_path), "--out", "new/f.duckdb", where=tmp_path)
    assert typed.code == 0, typed.shown
    assert "new/f/open.sh" in typed.shown
    done = launched(tmp_path / "new/f/open.sh", "SELECT count(*) > 400 AS many FROM person.person", tmp_path / "home")
    assert json.loads(done.stdout)[0]["many"] in (True, "true")


def test_out_without_a_suffix_is_refused(analyst: Analyst, tmp_path: Path) -> None:
    typed = huiliu("duckdb", "--lake", str(analyst.lake), "--out", "analysis", where=tmp_path)
    assert typed.code == 2
    assert "analysis.duckdb" in typed.shown
    assert list(tmp_path.iterdir()) == []


def test_first_analysis_runs_and_shows_no_personal_value(
    analyst: Analyst, unmasked: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUILIU_DUCKDB", str(analyst.masked))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    shown = json.dumps([cell.get("outputs") for cell in notebook.cells], ensure_ascii=False)
    for term in ("赤峰市", "household_registration", "id_number.check_digit", "entity_name"):
        assert term in shown
    assert not personal_values(unmasked) & set(re.findall(r"[\w·]+", shown))


def test_first_analysis_is_kept_without_outputs() -> None:
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert len(cells) > 10
    assert [cell.outputs for cell in cells if cell.outputs or cell.execution_count] == []


def identifiers_in(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(table, column) of every pseudonym, by the file's own dictionary."""
    found = connection.execute("""SELECT "schema", "table", "column" FROM about."column" WHERE treatment = '假名'""")
    return [(f'"{schema}"."{table}"', column) for schema, table, column in found.fetchall()]


def test_masked_tables_join_as_the_lake_does(
    masked: duckdb.DuckDBPyConnection, unmasked: duckdb.DuckDBPyConnection
) -> None:
    identifiers = identifiers_in(masked)
    assert {('"person"."person"', "id_number"), ('"person"."marriage"', "spouse_id")} < set(identifiers)
    for table, column in identifiers:
        counted = f"SELECT count({column}), count(DISTINCT {column}) FROM {table}"
        assert masked.execute(counted).fetchall() == unmasked.execute(counted).fetchall(), (table, column)
    married = "SELECT count(*) FROM person.marriage JOIN person.person ON spouse_id = person.id_number"
    assert value(masked, married) == value(unmasked, married) > 50
    old = "SELECT count(*) FROM person.id_alias JOIN person.person USING (id_number)"
    assert value(masked, old) == value(unmasked, old) > 0


def test_pseudonyms_are_an_hmac_under_a_key_of_the_lake_that_stays_there(
    analyst: Analyst, masked: duckdb.DuckDBPyConnection, unmasked: duckdb.DuckDBPyConnection
) -> None:
    kept = analyst.lake / KEY
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    key = kept.read_bytes()
    numbers = unmasked.execute("SELECT id_number FROM person.person UNION SELECT spouse_id FROM person.marriage")
    due = {hmac.new(key, number.encode(), hashlib.sha256).hexdigest() for (number,) in numbers.fetchall()}
    found = masked.execute("SELECT id_number FROM person.person UNION SELECT spouse_id FROM person.marriage")
    assert {pseudonym for (pseudonym,) in found.fetchall()} == due
    pads = (bytes(byte ^ mark for byte in key) for mark in (0x36, 0x5C))
    for file in (analyst.masked, analyst.portable):
        written = file.read_bytes()
        for secret in (key, *pads):
            for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
                assert form not in written


def test_who_knows_the_key_writes_no_database_file(
    analyst: Analyst, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of a file hold what lay in memory before: some files in a hundred held the key's pads."""
    written: list[object] = []

    def watched(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
        teach_pseudonyms(connection, key)
        written.extend(connection.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchall())

    monkeypatch.setattr(duckdb_file, "teach_pseudonyms", watched)
    with open_workspace(Settings(lake=analyst.lake)) as workspace:
        write_analyst_file(workspace, tmp_path / "masked.duckdb")
    assert written == [(None,)]
    with duckdb.connect(str(tmp_path / "masked.duckdb"), read_only=True) as connection:
        assert value(connection, "SELECT count(*) FROM person.person") > 0


def test_a_damaged_key_is_told_and_makes_no_file(analyst: Analyst, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(analyst.lake / "quality/batch", lake / "quality/batch")
    (lake / KEY).write_bytes(b"short")
    typed = huiliu("duckdb", "--lake", str(lake), "--out", "f.duckdb", where=tmp_path)
    assert typed.code == 3
    assert f"{lake / KEY}) is damaged" in typed.shown
    assert "restore it from a backup" in typed.shown
    assert not (tmp_path / "f.duckdb").exists()


def test_the_file_says_what_each_table_column_and_code_means(masked: duckdb.DuckDBPyConnection) -> None:
    columns = "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    listed = """SELECT "schema", "table", "column" FROM about."column" WHERE regexp_matches(title, '\\p{Han}')"""
    assert masked.execute(f"{columns} AND {OF_THE_LAKE} EXCEPT {listed}").fetchall() == []
    assert value(masked, 'SELECT count(*) FROM about."table" WHERE title IS NULL OR description IS NULL') == 0
    keyed = """SELECT "key" FROM about."table" WHERE "schema" = 'person' AND "table" = 'person'"""
    assert value(masked, keyed) == "id_number"
    named = "SELECT DISTINCT title FROM person.person JOIN code.sex ON code = sex ORDER BY ALL"
    assert masked.execute(named).fetchall() == [("女",), ("男",)]
    places = "SELECT count(*) FROM person.person LEFT JOIN code.region ON code = residence_region WHERE {}"
    assert value(masked, places.format("residence_region IS NOT NULL AND title IS NULL")) == 0
    assert value(masked, "SELECT title FROM code.region WHERE code = '150402'") == "红山区"
    lists = """SELECT DISTINCT codes FROM about."column" WHERE codes IS NOT NULL"""
    tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'code'"
    assert masked.execute(f"{lists} EXCEPT {tables}").fetchall() == []


def test_birth_dates_are_years_and_age_bands_to_count_with(
    masked: duckdb.DuckDBPyConnection, unmasked: duckdb.DuckDBPyConnection
) -> None:
    years = "SELECT sum(birth_date_year), max(birth_date_age_band), min(birth_date_age_band % 10) FROM person.person"
    due = (
        "SELECT sum(year(birth_date)), max((this_year - year(birth_date)) // 10 * 10), 0 FROM person.person, "
        "(SELECT year(max(received_at)) AS this_year FROM quality.batch)"
    )
    assert masked.execute(years).fetchall() == unmasked.execute(due).fetchall()
    kinds = (
        "SELECT DISTINCT data_type FROM duckdb_columns() WHERE column_name SIMILAR TO '.*birth_date_(year|age_band)'"
    )
    assert masked.execute(kinds).fetchall() == [("BIGINT",)]
