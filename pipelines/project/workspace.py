"""What every step works with: a project's declarations and models, and the lake that they shape."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.rule import Rule
from pipelines.engines.registry import open_engine
from pipelines.errors import NoLakeError
from pipelines.lake.kept_states import KeptStates
from pipelines.lake.lake import Lake
from pipelines.project.catalog import read_catalog
from pipelines.project.conclusions import Conclusions
from pipelines.project.models import Models, read_models
from pipelines.settings import Settings
from pipelines.storage.folders import check_folder
from pipelines.storage.kept import KeptTexts
from pipelines.storage.refusals import explaining
from pipelines.tables.table import TableSpec

# An expression is thousands of small objects that live until it is computed: by default the collector looks at them
# again and again, which took one part in twenty of a run, and one in seven of what Dagster loads.
COLLECTOR_THRESHOLDS = (50_000, 10, 10)


@dataclass(frozen=True)
class Project:
    """Declarations and models, all that a plan follows from.

    `derived` keeps the tables of models and their checks by name: both follow from declarations and models alone, and
    take an expression to tell. `conclusions` keeps that, and whatever else is so, for the next process.
    """

    settings: Settings
    catalog: Catalog
    models: Models
    derived: dict[str, tuple[TableSpec, tuple[Rule, ...]]] = field(
        default_factory=dict, repr=False, compare=False, kw_only=True
    )
    conclusions: Conclusions = field(default_factory=Conclusions, repr=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class Workspace(Project):
    """A project with the lake that its tables are in."""

    lake: Lake


def open_project(settings: Settings) -> Project:
    """Read all declarations and models; opens neither engine nor lake. Raises DeclarationError."""
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    kept = KeptTexts(settings.cache)
    catalog = read_catalog(settings.project, kept)
    conclusions = Conclusions(kept, catalog.premises, root=catalog.root)
    return Project(settings, catalog, read_models(catalog), conclusions=conclusions)


@contextmanager
def open_existing(settings: Settings, *, writes: bool = False) -> Iterator[Workspace]:
    """The same for what reads a lake: raises NoLakeError where there is none, since nothing is no answer.

    Without `writes` there is no lease, and nothing of what a lease needs is imported.
    """
    with open_workspace(settings, writes=writes) as workspace:
        _check_written(workspace.lake, settings)
        yield workspace


@contextmanager
def open_lake(settings: Settings) -> Iterator[Lake]:
    """A lake for what reads only tables that no declaration shapes; raises NoLakeError where there is none."""
    settings.lake.check_place()
    with explaining(settings.lake), open_engine(settings) as engine, _kept_states(settings) as kept:
        lake = Lake(settings.lake, engine, kept=kept)
        _check_written(lake, settings)
        yield lake


def _kept_states(settings: Settings) -> closing[KeptStates]:
    return closing(KeptStates(settings.cache, settings.lake))


def _check_written(lake: Lake, settings: Settings) -> None:
    if not lake.is_written:
        raise no_lake(settings)


def no_lake(settings: Settings) -> NoLakeError:
    """That there is no lake where the settings say."""
    return NoLakeError(
        f"there is no lake at {settings.lake}: no run has written there",
        f"say with --lake or HUILIU_LAKE where it is, or fill it: {settings.command('run')}",
        2,
    )


@contextmanager
def open_workspace(settings: Settings, *, writes: bool = True) -> Iterator[Workspace]:
    """Read all declarations, then open the lake; raises DeclarationError before anything is touched."""
    project = open_project(settings)
    settings.lake.check_place()
    with explaining(settings.lake), open_engine(settings) as engine, _kept_states(settings) as kept:
        if not writes:
            yield _workspace(project, Lake(settings.lake, engine, kept=kept))
            return
        from pipelines.database.lease import lease_of

        if not settings.lake.is_s3:
            check_folder(settings.lake.path, "the lake's folder", "say with --lake or HUILIU_LAKE where the lake is")
        with lease_of(settings) as lease:
            lease.on_lost = engine.interrupt
            yield _workspace(project, Lake(settings.lake, engine, lease, kept))


def _workspace(project: Project, lake: Lake) -> Workspace:
    return Workspace(project.settings, project.catalog, project.models, lake, conclusions=project.conclusions)
