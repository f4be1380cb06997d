"""What every step works with: the declarations, the models and the lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.loading import read_catalog
from pipelines.declarations.models import Models, read_models
from pipelines.engines.duckdb import DuckDBEngine
from pipelines.lake.lake import Lake
from pipelines.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """Declarations, models, lake and settings of one process."""

    settings: Settings
    catalog: Catalog
    models: Models
    lake: Lake


@contextmanager
def open_workspace(settings: Settings) -> Iterator[Workspace]:
    """Read all declarations, then open the lake; raises DeclarationError before anything is touched."""
    catalog = read_catalog(settings.project)
    models = read_models(catalog)
    with DuckDBEngine(settings.memory) as engine:
        yield Workspace(settings, catalog, models, Lake(settings.lake.absolute(), engine))
