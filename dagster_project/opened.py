"""The lake, opened for a run that writes it, and for a sensor that only looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dagster as dg

from dagster_project.failures import told_without_values
from pipelines.engines.registry import open_engine
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace, open_workspace
from pipelines.rules.great_expectations import warm_up
from pipelines.settings import EngineName, Settings


@dg.resource(description="The lake and its engine, opened once per run; settings from HUILIU_* variables.")
def opened_workspace(context: dg.InitResourceContext) -> Iterator[Workspace]:
    from pipelines.service.recovery import recover

    with ExitStack() as opened:
        with told_without_values("opening the lake"):
            workspace = opened.enter_context(open_workspace(Settings()))
        warm_up()  # not before: it imports, in a thread, what reading the declarations imports anew
        with told_without_values("recovery"):
            problems = recover(workspace)
        for problem in problems:
            context.log.warning(str(problem))
        yield workspace


@contextmanager
def opened_lake(settings: Settings) -> Iterator[Lake]:
    """The lake as it is now. The embedded engine reads what any engine wrote, and starts at once."""
    settings.lake.check_place()
    with open_engine(settings.model_copy(update={"engine": EngineName.DUCKDB})) as engine:
        yield Lake(settings.lake, engine)
