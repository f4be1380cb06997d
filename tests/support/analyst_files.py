"""Analyst's files of a demo's lake, and what tests ask them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.engines.duckdb.file import folder_beside
from pipelines.project.workspace import open_workspace
from pipelines.reports.analyst_file import write_analyst_file
from pipelines.settings import Settings
from tests.support.simulated_demo import demo_project

AWKWARD = """an analyst's "own" folder $HOME"""
OF_THE_LAKE = "schema_name NOT IN ('about', 'code')"


@dataclass(frozen=True)
class Analyst:
    """A lake of one's own and the three kinds of file that are written of it."""

    lake: Path
    masked: Path
    unmasked: Path
    portable: Path


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Analyst:
    folder = tmp_path_factory.mktemp("analyst") / AWKWARD
    lake = folder / "the lake"
    shutil.copytree(demo_project() / "demo" / "lake", lake)
    files = Analyst(lake, folder / "first look's.duckdb", folder / "unmasked.duckdb", folder / "portable.duckdb")
    with open_workspace(Settings(lake=lake)) as workspace:
        write_analyst_file(workspace, files.masked)
        write_analyst_file(workspace, files.unmasked, unmasked=True)
        write_analyst_file(workspace, files.portable, portable=True)
    return files


@pytest.fixture(scope="module")
def masked(analyst: Analyst) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(analyst.masked, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def unmasked(analyst: Analyst) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened(analyst.unmasked) as connection:
        yield connection


@pytest.fixture(scope="module")
def portable(analyst: Analyst) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(analyst.portable, read_only=True) as connection:
        yield connection


def opened(file: Path) -> duckdb.DuckDBPyConnection:
    """The file with the Delta extension that lies beside it, and no other."""
    connection = duckdb.connect(
        file, read_only=True, config={"extension_directory": str(folder_beside(file) / "extensions")}
    )
    connection.execute("SET autoinstall_known_extensions = false; LOAD delta")
    return connection


def value(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row
    return row[0]


def table_of(delta: Path, lake: Path) -> str:
    """The view that a table's folder should have: `"schema"."view"`."""
    layer, *folders, name = delta.relative_to(lake).parts
    if layer == "returns":
        return f'"returns"."{folders[0]}_{name}"'
    return f'"{folders[0] if folders else layer}"."{name}"'


def tables_of(lake: Path) -> dict[str, Path]:
    return {table_of(log.parent, lake): log.parent for log in lake.rglob("_delta_log")}


def views_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute(
        "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal "
        "UNION ALL SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
    ).fetchall()
    return {f'"{schema}"."{name}"' for schema, name in found if schema not in ("about", "code")}
