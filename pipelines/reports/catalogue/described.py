"""What the catalogue describes: the entry of each source, each foundation and theme table, and their moments.

Moments are the lake's own, of receipts and of its latest release; a project without a lake has none. So the same lake
gives the same files on any day.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.declarations.catalog import Catalog
from pipelines.project.catalogue_entry import CatalogueEntry, entry_of
from pipelines.project.workspace import Project, Workspace
from pipelines.settings import PEOPLE_TIME
from pipelines.steps.plan import plan
from pipelines.steps.tables import integrated_tables
from pipelines.tables.layout import TableId
from pipelines.tables.specs import BATCHES, RELEASES
from pipelines.tables.table import TableSpec


@dataclass(frozen=True)
class Moments:
    """When things of the lake happened: the latest release, and the newest receipt of each source; in UTC."""

    release: int | None = None
    released_at: datetime.datetime | None = None
    received: Mapping[str, datetime.datetime] = field(default_factory=dict)

    @property
    def released_on(self) -> datetime.date | None:
        return self.released_at.astimezone(PEOPLE_TIME).date() if self.released_at else None


@dataclass(frozen=True)
class DescribedTable:
    """A foundation or theme table, with the tables that its rows are made of."""

    spec: TableSpec
    inputs: tuple[TableId, ...]


@dataclass(frozen=True)
class Described:
    """All that the catalogue describes of a project."""

    catalog: Catalog
    entries: tuple[CatalogueEntry, ...]
    tables: tuple[DescribedTable, ...]
    moments: Moments


def describe(project: Project) -> Described:
    """What there is to describe of a project, with the moments of its lake where it is a workspace."""
    catalog = project.catalog
    inputs = {spec.id: task.inputs for task in plan(project) for spec in task.outputs}
    return Described(
        catalog,
        tuple(entry_of(catalog, contract) for contract in catalog.contracts.values()),
        tuple(DescribedTable(spec, inputs.get(spec.id, ())) for spec in integrated_tables(project)),
        read_moments(project) if isinstance(project, Workspace) else Moments(),
    )


def read_moments(workspace: Workspace) -> Moments:
    """The moments of a lake."""
    lake = workspace.lake
    batches, releases = lake.read(BATCHES), lake.read(RELEASES)
    received = batches.group_by("source").agg(last=batches.received_at.max())
    newest = lake.engine.rows(
        releases.filter(releases.release == releases.release.max()).select("release", "released_at").distinct()
    )
    return Moments(
        newest[0]["release"] if newest else None,
        newest[0]["released_at"] if newest else None,
        {row["source"]: row["last"] for row in lake.engine.rows(received)},
    )
