"""What a masked file is good for: exact joins by pseudonyms, ages to count with, what columns and codes mean."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import stat
from pathlib import Path

import duckdb
import pytest

from pipelines.engines.duckdb import file as duckdb_file
from pipelines.engines.duckdb.pseudonyms import teach_pseudonyms
from pipelines.project.workspace import open_workspace
from pipelines.reports.analyst_file import write_analyst_file
from pipelines.settings import Settings
from pipelines.storage.pseudonyms import KEY
from tests.support.analyst_files import OF_THE_LAKE, Analyst, value
from tests.support.simulated_demo import huiliu

pytestmark = pytest.mark.whole_lake


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
