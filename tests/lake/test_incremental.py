"""Incremental equals full: whatever is delivered, decided or declared, every table holds what a rebuild would."""

from __future__ import annotations

import datetime
import functools
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from benchmarks.sequences import AS_BEFORE, DECLARED, FIRST_DAY, Deliveries, Step
from pipelines import clock
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import Person, decide, verdicts_of
from pipelines.steps.losses import RowsWouldGoError, confirm_loss
from pipelines.steps.overrides import last_words
from pipelines.steps.run import run
from pipelines.steps.settling import KEY_SEPARATOR, settle, withdraw
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import BATCHES, OVERRIDES, conflict_spec
from pipelines.tables.verdict import Verdict
from tests.support.ground_project import ground_project, venues, zones
from tests.support.lakes_compared import connection, differences
from tests.support.place import Place, copied_project

# A few in every run of the tests; by hand as many as there is time for: HUILIU_SEQUENCES=100.
SEQUENCES = settings(
    max_examples=int(os.environ.get("HUILIU_SEQUENCES", "1")),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def rebuilt(place: Place, folder: Path) -> Place:
    """A lake of the same evidence and verdicts, and nothing else yet: a run computes every table from the beginning."""
    other = Place(folder, project=place.project)
    for kept in ("raw", "quality"):
        shutil.copytree(place.lake / kept, other.lake / kept)
    other.run()
    return other


def assert_equals_a_rebuild(place: Place, folder: Path) -> None:
    with place.opened() as at:
        tables = [spec for spec in all_tables(at.workspace) if spec.id.layer not in ("raw", "quality")]
    other = rebuilt(place, folder)
    with connection() as opened:
        found = [line for spec in tables for line in differences(opened, spec, place.lake, other.lake)]
    assert not found, "\n".join(found)


@dataclass
class Story:
    """A drawn sequence of deliveries, decisions and declarations through one lake, a run after each step."""

    folder: Path
    chance: random.Random
    projects: Callable[[str], Path]
    declared: str = AS_BEFORE
    events: list[str] = field(default_factory=list)
    now: datetime.datetime = FIRST_DAY

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.chance)

    @property
    def place(self) -> Place:
        return Place(self.folder, project=self.projects(self.declared))

    def begin(self) -> None:
        self._step(self.deliveries.first())

    def take_step(self) -> None:
        self._step(self.deliveries.step())

    def _step(self, step: Step) -> None:
        self.declared = step.declared or self.declared
        self.events.append(str(step))
        self.now += datetime.timedelta(days=step.days, seconds=1)
        step.write(self.place.landing)
        ground = self.chance.sample([venues, zones], self.chance.randint(0, 2))
        for kind in ground if len(self.events) > 1 else (venues, zones):
            kind(self.chance, f"{len(self.events)}.csv").write(self.place.landing)
        with patch.object(clock, "now", lambda: self.now), self.place.opened() as at:
            lake = at.workspace.lake
            held = [batch for batch, verdict in verdicts_of(lake).items() if verdict == "held"]
            readable = {row["batch"] for row in at.rows(BATCHES) if row["readable"]}
            if step.verdict:
                for batch in held:
                    decide(lake, batch, Verdict(step.verdict) if batch in readable else Verdict.REJECTED, "drawn")
            self._take_back(lake)
            self._settle(at.workspace)
            try:
                run(at.workspace)
            except RowsWouldGoError:
                for contract in at.workspace.catalog.contracts.values():
                    with suppress(ValueError):  # it stands under the declarations as they are
                        confirm_loss(at.workspace, contract, "drawn", Person())
                run(at.workspace)

    def _take_back(self, lake: Lake) -> None:
        """Now and then a passed batch is recalled, or what people decided is revoked."""
        for batch, verdict in sorted(verdicts_of(lake).items()):
            if verdict != "held" and self.chance.random() < 0.1:
                taken = Verdict.RECALLED if verdict == Verdict.PASSED else Verdict.REVOKED
                self.events.append(f"{batch} {taken}")
                decide(lake, batch, taken, "drawn")

    def _settle(self, workspace: Workspace) -> None:
        """Now and then a conflict is settled for some days by a value that yielded, or what was settled withdrawn."""
        lake = workspace.lake
        for record in workspace.catalog.records.values():
            claims, order = lake.read(conflict_spec(workspace.catalog, record)), [*record.key, "attribute", "source"]
            for row in lake.engine.rows(claims.filter(~claims.stands).order_by(order).limit(40)):
                if self.chance.random() < 0.2:
                    until = self.now.date() + datetime.timedelta(days=self.chance.choice([1, 5, 400]))
                    self.events.append(f"{record.name}.{row['attribute']} settled until {until}")
                    with suppress(ValueError):  # what an agency sent may break a check of the attribute's own element
                        settle(workspace, *_place(record, row), row["value"], "drawn", until)
            words = last_words(workspace.catalog, record, lake.read(OVERRIDES))
            for row in lake.engine.rows(words.filter(~words.withdrawn).order_by([*record.key, "attribute"])):
                if self.chance.random() < 0.1:
                    self.events.append(f"{record.name}.{row['attribute']} withdrawn")
                    with suppress(LookupError):  # no source knows the key any more
                        withdraw(workspace, *_place(record, row), "drawn")


def _place(record: GoldenRecord, row: dict[str, Any]) -> tuple[str, str, str]:
    return record.name, KEY_SEPARATOR.join(str(row[part]) for part in record.key), row["attribute"]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The ground project as each of the changed declarations says."""
    folder = tmp_path_factory.mktemp("projects")

    @functools.cache
    def project(declared: str) -> Path:
        made = ground_project(folder / declared)
        DECLARED[declared](made)
        return made

    return project


@pytest.fixture(scope="module")
def real_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is really declared, its models and findings, beside the ground project's."""
    return ground_project(tmp_path_factory.mktemp("real") / "project", copied_project)


@pytest.mark.whole_lake
@settings(SEQUENCES, max_examples=max(1, SEQUENCES.max_examples // 3))
@given(chance=st.randoms(use_true_random=False))
def test_what_is_really_declared_leaves_what_a_rebuild_would_make(chance: random.Random, real_project: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder) / "lake_of_increments", chance, lambda _: real_project)
        story.begin()
        for _ in range(2):
            story.take_step()
        note("\n".join(story.events))
        assert_equals_a_rebuild(story.place, Path(folder) / "rebuilt")


@SEQUENCES
@given(chance=st.randoms(use_true_random=False), steps=st.integers(2, 4))
def test_any_sequence_leaves_what_a_rebuild_would_make(
    chance: random.Random, steps: int, projects: Callable[[str], Path]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder) / "lake_of_increments", chance, projects)
        story.begin()
        for _ in range(steps):
            story.take_step()
        note("\n".join(story.events))
        assert_equals_a_rebuild(story.place, Path(folder) / "rebuilt")
