"""Dagster beside a lake, in this process: its definitions, and an instance that is told what its sensor finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest

from dagster_project.definitions import build_definitions
from pipelines.settings import Settings
from tests.support.place import Place


@dataclass
class Dagster:
    """What a person sees there: materialisations and checks, by runs and by what the sensor tells."""

    defs: dg.Definitions
    instance: dg.DagsterInstance
    cursor: str | None = None
    skipped: str | None = field(default=None, init=False)

    def tick(self, afresh: bool = False) -> Sequence[Any]:
        """What the sensor tells; `afresh` as if it had never looked before."""
        context = dg.build_sensor_context(self.instance, cursor=None if afresh else self.cursor, definitions=self.defs)
        found = self.defs.get_sensor_def("written_outside").evaluate_tick(context)
        for event in found.asset_events:  # as the daemon does
            self.instance.report_runless_asset_event(event)
        self.cursor, self.skipped = found.cursor, found.skip_message
        return found.asset_events

    def run(self) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_job_def("everything")
        return job.execute_in_process(instance=self.instance, raise_on_error=False)

    def check(self, asset: str, name: str) -> dg.AssetCheckEvaluation:
        """The last result of a check."""
        key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), name)
        evaluation = self.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].evaluation
        assert evaluation
        return evaluation

    def last(self, asset: str) -> dg.AssetMaterialization:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
        assert event
        assert event.asset_materialization
        return event.asset_materialization


@contextmanager
def dagster_beside(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dagster]:
    """Dagster in the environment of a place."""
    for name in ("project", "landing", "lake", "settle"):
        monkeypatch.setenv(f"HUILIU_{name.upper()}", str(getattr(place, name)))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Dagster(build_definitions(Settings()), instance)
