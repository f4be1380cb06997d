"""A source whose rows come from an agency's front-end database: its table, its contract, and readings of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.contract import Contract
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace, open_workspace
from pipelines.readers.postgres import table as postgres_table
from pipelines.settings import Settings
from pipelines.steps.ingest import Ingested, ingest
from pipelines.tables.specs import BATCHES, raw_spec
from tests.support.postgres_server import READER, PostgresServer

PROJECT = Path(__file__).resolve().parents[2]
SOURCE, CONNECTION, VARIABLE = "marriage_front_end", "civil_affairs", "HUILIU_PG_CIVIL_AFFAIRS"
CONTRACT = """\
title: 婚姻登记（前置机）
providers: [civil_affairs]
system: 婚姻登记前置库
legal_basis: 2024-19 第十三条（三）
key: registration_number
version: updated_at
deletes: {column: 操作标志, value: D}
update: daily
sharing: unconditional
openness: none
table: {connection: civil_affairs, name: 民政.marriage, watermark: updated_at}
columns:
  cert_no: {name: registration_number, element: document_number, required: true}
  登记日期: {name: registered_on, element: past_date, required: true}
  remark: {name: remark, element: text}
  updated_at: {name: updated_at, element: datetime}
aliases: {备注: remark}
"""
TABLE = """\
DROP SCHEMA IF EXISTS 民政 CASCADE;
CREATE SCHEMA 民政;
CREATE TABLE 民政.marriage (
    cert_no text, "登记日期" date, "备注" text, "操作标志" char(1) DEFAULT 'U', updated_at timestamptz(6)
);
"""
GRANTS = f"GRANT USAGE ON SCHEMA 民政 TO {READER}; GRANT SELECT ON 民政.marriage TO {READER};"


def couples(first: int, last: int, written: str = "2026-07-01 08:00:00+08") -> str:
    """Statement that inserts registrations `first` to `last`, each a second after the one before."""
    return (
        "INSERT INTO 民政.marriage SELECT 'J' || to_char(n, 'FM000000'), date '2020-01-01' + n % 1000, '备注 ' || n, "
        f"'U', timestamptz '{written}' + n * interval '1 s' FROM generate_series({first}, {last}) n;"
    )


@dataclass(frozen=True)
class FrontEnd:
    """The agency's server on one side, our project and lake on the other."""

    server: PostgresServer
    settings: Settings

    @property
    def contract_file(self) -> Path:
        return self.settings.project / f"foundation_dbs/person/sources/{SOURCE}.yml"

    def contract(self, old: str, new: str) -> None:
        """Change the contract's text."""
        text = self.contract_file.read_text(encoding="utf-8")
        assert old in text
        self.contract_file.write_text(text.replace(old, new), encoding="utf-8")

    def table(self, declared: str) -> None:
        """Say in the contract which table is read, as `table: {connection: civil_affairs, <said>}`."""
        text = CONTRACT.replace("name: 民政.marriage, watermark: updated_at", declared)
        self.contract_file.write_text(text, encoding="utf-8")

    def sql(self, statements: str) -> str:
        return self.server.sql(statements)

    @contextmanager
    def opened(self) -> Iterator[tuple[Workspace, Contract]]:
        with open_workspace(self.settings) as workspace:
            yield workspace, workspace.catalog.contracts[SOURCE]

    def ingest(self) -> Ingested:
        with self.opened() as (workspace, contract):
            return ingest(workspace, contract)

    def raw(self) -> list[dict[str, Any]]:
        """Every row of raw, by batch in the order of receipt, and row number."""
        with self.opened() as (workspace, contract):
            rows = workspace.lake.engine.rows(workspace.lake.read(raw_spec(workspace.catalog, contract)))
        return sorted(rows, key=lambda row: (row["_received_at"], row["_row"]))

    def batches(self) -> list[dict[str, Any]]:
        with self.opened() as (workspace, _):
            lake = workspace.lake
            return lake.engine.rows(lake.read(BATCHES).order_by("received_at"))

    def in_another_lake(self, name: str, **changed: Any) -> FrontEnd:
        lake = Path(str(self.settings.lake)).with_name(name)
        settings = {name: getattr(self.settings, name) for name in type(self.settings).model_fields}
        return FrontEnd(self.server, Settings(**{**settings, "lake": lake, **changed}))


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    """The registrations' numbers."""
    return [int(row["registration_number"][1:]) for row in rows]


# What is decided before an engine reads a row is the same code for both.
once = pytest.mark.parametrize("front_end", ["duckdb"], indirect=True)


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def front_end(
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> FrontEnd:
    """An empty table that may be read, its contract, and a lake of either engine."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "catalog", project / "catalog")
    (project / "foundation_dbs/person/sources").mkdir(parents=True)
    chosen: dict[str, Any] = {"engine": request.param}
    if request.param == "spark":
        request.getfixturevalue("spark_session")
        chosen |= {"spark_master": "local[2]", "memory": "2GB"}
    settings = Settings(project=project, lake=tmp_path / "lake", landing=tmp_path / "landing", settle=0, **chosen)
    monkeypatch.setenv(VARIABLE, postgres_server.url())
    made = FrontEnd(postgres_server, settings)
    made.contract_file.write_text(CONTRACT, encoding="utf-8")
    made.sql(TABLE + GRANTS)
    return made


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables are read in parts, as large ones are."""
    monkeypatch.setattr(postgres_table, "SLICE_ROWS", 300)


@pytest.fixture
def at_reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something once, after it was decided what is read and before the first row of it is."""

    def once(what: Callable[[], object]) -> None:
        append, left = Lake.append, [what]

        def and_then(lake: Lake, *arguments: Any, **named: Any) -> bool:
            if left:
                left.pop()()
            return append(lake, *arguments, **named)

        monkeypatch.setattr(Lake, "append", and_then)

    return once
