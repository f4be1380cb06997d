"""Lakes of one landing, built whole by either engine, and gone on with by the same one or the other."""

from __future__ import annotations

import datetime
import itertools
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from pipelines import clock
from pipelines.steps.run import Run, run
from tests.support.place import PROJECT, Place

Engine = Literal["duckdb", "spark"]
ENGINES: tuple[Engine, ...] = ("duckdb", "spark")
# Who built and who goes on; what the embedded engine made of everything is what the others are held against.
UNDISTURBED: tuple[Engine, Engine] = ("duckdb", "duckdb")
CROSSED: tuple[tuple[Engine, Engine], ...] = (("duckdb", "spark"), ("spark", "duckdb"))


@dataclass(frozen=True)
class Lakes:
    """Lakes by the engine that built them, and by the two that built them and went on after further deliveries.

    `runs` are the later runs, `seconds` what each run took.
    """

    built: dict[Engine, Place] = field(default_factory=dict)
    gone_on: dict[tuple[Engine, Engine], Place] = field(default_factory=dict)
    runs: dict[tuple[Engine, Engine], Run] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def lakes_of_both(
    folder: Path,
    deliver_later: Callable[[], None],
    project: Path = PROJECT,
    while_spark_builds: AbstractContextManager[None] | None = None,
    goes_on: bool = True,
) -> Lakes:
    """Build the lakes of what is in `folder`'s landing, then go on with copies of them after `deliver_later`."""
    lakes = Lakes()
    for engine in ENGINES:
        place = Place(folder, lake_name=f"built_by_{engine}", engine=engine, project=project)
        with (while_spark_builds or nullcontext()) if engine == "spark" else nullcontext():
            _, lakes.seconds[f"{engine} builds"] = _timed(place, 0)
        lakes.built[engine] = place
    if not goes_on:
        return lakes
    deliver_later()
    for first, then in (UNDISTURBED, *CROSSED):
        place = Place(folder, lake_name=f"{first}_then_{then}", engine=then, project=project)
        shutil.copytree(lakes.built[first].lake, place.lake)
        lakes.runs[first, then], lakes.seconds[f"{then} goes on with {first}'s"] = _timed(place, 1)
        lakes.gone_on[first, then] = place
    return lakes


def _timed(place: Place, hour: int) -> tuple[Run, float]:
    began = time.monotonic()
    return run_by_its_own_clock(place, hour), time.monotonic() - began


def run_by_its_own_clock(place: Place, hour: int = 0) -> Run:
    """A run whose clock shows the same times whichever engine runs: they follow the order in which files are read."""
    started = datetime.datetime(2026, 11, 20, 8 + hour, tzinfo=datetime.UTC)
    ticks = itertools.count()
    ticking = patch.object(clock, "now", lambda: started + datetime.timedelta(seconds=next(ticks)))
    with ticking, place.opened() as at:
        at.workspace.lake.engine.readers = 1
        return run(at.workspace)
