"""What tasks did, as one JSON object per line in the file that `HUILIU_LOG` names: for machines that watch a run.

No line holds a value of the data: tables, batches by their hash, counts, reasons and seconds.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.settings import Settings
from pipelines.steps.ingest import Ingested
from pipelines.steps.release import Released
from pipelines.steps.standardise import Standardised
from pipelines.steps.task import Outcome, Tables, Task


def log_outcome(settings: Settings, task: Task, outcome: Outcome, seconds: float) -> None:
    """Add what a task did; nothing where no log was asked for, nothing of a table that stood as it was."""
    if settings.log is None:
        return
    logger = _logger(settings.log)
    for event, fields in _events(outcome):
        logger.info(event, **fields)
    logger.info("task", step=task.step.value, name=task.name, seconds=round(seconds, 3))


def _events(outcome: Outcome) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(outcome, Ingested) and (outcome.new or outcome.problems):
        counts = {"new": outcome.new, "known": outcome.known, "rows": outcome.rows}
        yield "ingested", {"source": outcome.source, **counts, "problems": len(outcome.problems)}
    if isinstance(outcome, Standardised):
        for judged in outcome.judged:
            counts = {"accepted": judged.accepted, "flagged": judged.flagged, "quarantined": judged.quarantined}
            fields = {"source": judged.source, "batch": judged.batch, "verdict": judged.verdict, **counts}
            yield "judged", {**fields, "rules": list(judged.rules)}
    if isinstance(outcome, Standardised | Tables):
        for refreshed in outcome.refreshed:
            if refreshed.reason != "unchanged":
                fields = {
                    "table": refreshed.table.path,
                    "version": refreshed.version,
                    "reason": refreshed.reason,
                    "keys": refreshed.keys,
                }
                counts = {"upserted": refreshed.upserted, "deleted": refreshed.deleted, "rows": refreshed.rows}
                yield "refreshed", {**fields, **counts, "seconds": round(refreshed.seconds, 3)}
    if isinstance(outcome, Released) and outcome.new:
        yield "released", {"release": outcome.number, "tables": outcome.tables}


@functools.cache
def _logger(path: Path) -> Any:
    import structlog

    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a", encoding="utf-8", buffering=1)
    stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)
    written = structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.wrap_logger(structlog.WriteLogger(file), processors=[stamped, written])
