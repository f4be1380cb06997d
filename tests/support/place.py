"""A landing folder, the lake that runs fill from it, and the declarations; a lake to look into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.project.workspace import Workspace, open_workspace
from pipelines.settings import Settings
from pipelines.steps.run import Run, run
from pipelines.tables.specs import quarantine_spec, raw_spec, standard_spec
from pipelines.tables.table import TableSpec
from tests.support.spark import SPARK

PROJECT = Path(__file__).resolve().parents[2]
HUILIU = Path(sys.executable).with_name("huiliu")


def copied_project(folder: Path) -> Path:
    """The project's own declarations in a folder where they may be edited."""
    for name in ("catalog", "foundation_dbs", "theme_dbs", "expectations"):
        shutil.copytree(PROJECT / name, folder / name)
    return folder


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
