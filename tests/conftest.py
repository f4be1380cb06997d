"""Fixtures that several test modules share: landing folder and lake of one module, and runs over them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from pipelines.project.workspace import Workspace, open_workspace
from pipelines.settings import Settings
from pipelines.steps.run import Run, run
from pipelines.tables.specs import quarantine_spec, raw_spec, standard_spec
from pipelines.tables.table import TableSpec
from tests.spark import SPARK

# Fixtures that stand beside what they are about.
pytest_plugins = [
    "tests.analyst_files",
    "tests.dirty_report",
    "tests.element_values",
    "tests.front_end",
    "tests.postgres_server",
    "tests.s3_server",
    "tests.spark",
    "tests.validated_views",
]

PROJECT = Path(__file__).resolve().parents[1]
HUILIU = Path(sys.executable).with_name("huiliu")


@dataclass(frozen=True)
class Opened:
    """A lake to look into."""

    workspace: Workspace

    def rows(self, spec: TableSpec) -> list[dict[str, Any]]:
        lake = self.workspace.lake
        return lake.engine.rows(lake.read(spec))

    def raw(self, source: str) -> list[dict[str, Any]]:
        return self.rows(raw_spec(self.workspace.catalog, self.workspace.catalog.contracts[source]))

    def standard(self, source: str) -> list[dict[str, Any]]:
        return self.rows(standard_spec(self.workspace.catalog, self.workspace.catalog.contracts[source]))

    def quarantine(self, source: str) -> list[dict[str, Any]]:
        return self.rows(quarantine_spec(self.workspace.catalog, self.workspace.catalog.contracts[source]))


@dataclass(frozen=True)
class Place:
    """A landing folder, the lake that runs fill from it by one engine, and the declarations. `settle` is in seconds."""

    folder: Path
    settle: float = 0
    project: Path = PROJECT
    engine: Literal["duckdb", "spark"] = "duckdb"
    lake_name: str = "lake"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def lake(self) -> Path:
        return self.folder / self.lake_name

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        own: dict[str, Any] = {"project": self.project, "landing": self.landing, "lake": self.lake}
        if self.engine == "spark":
            own |= SPARK.model_dump(include={"engine", "spark_master", "memory", "spark_conf"})
        with open_workspace(Settings(settle=self.settle, **own)) as workspace:
            yield Opened(workspace)

    def run(self) -> Run:
        with self.opened() as at:
            return run(at.workspace)

    def huiliu(
        self, *arguments: str, columns: int = 200, before: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """The real command, as a person would type it in a terminal of so many columns, `before` in front of it."""
        surroundings = {
            **os.environ,
            "HUILIU_LANDING": str(self.landing),
            "HUILIU_LAKE": str(self.lake),
            "HUILIU_SETTLE": str(self.settle),
            "HUILIU_PROJECT": str(self.project),
            "COLUMNS": str(columns),
        }
        return subprocess.run(
            [*before, HUILIU, *arguments],
            env=surroundings,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest module first, and the others beside it, where two processes share the tests."""
    items.sort(key=lambda item: item.path.name != "test_parity.py")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A landing folder and a lake that the tests of one module share."""
    return Place(tmp_path_factory.mktemp("place"))
