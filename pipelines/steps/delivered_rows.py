"""The rows of a delivery on their way into raw, each with its batch and the time at which it was received."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.declarations.rule import BATCH, RECEIVED_AT
from pipelines.project.workspace import Workspace
from pipelines.readers import Delivery
from pipelines.steps.originals import Original
from pipelines.tables.specs import TIMESTAMP


@dataclass
class Counter:
    rows: int = 0


def delivered_rows(
    workspace: Workspace,
    delivery: Delivery,
    original: Original,
    batch: str,
    received_at: datetime.datetime,
    counter: Counter,
    note: Callable[[str, str], None],
) -> ir.Table | pa.RecordBatchReader:
    """The delivery's rows with their batch and the time of receipt: a plan for many machines, or a stream of ours."""

    def note_reason(reason: str) -> None:
        note(original.name, f"is large, but read by one machine: {reason}")

    split = workspace.lake.engine.read_in_parallel(delivery, original.url, note_reason)
    if split is None:
        return _stamped(workspace, delivery.batches(), batch, received_at, counter)
    counter.rows = split.count
    stamps = {BATCH: ibis.literal(batch), RECEIVED_AT: ibis.literal(received_at, TIMESTAMP)}
    return split.rows.mutate(**stamps)


def _stamped(
    workspace: Workspace, reader: pa.RecordBatchReader, batch: str, received_at: datetime.datetime, counter: Counter
) -> pa.RecordBatchReader:
    """The same rows, each with its batch and the time at which it was received."""
    timestamp = pa.timestamp("us", "UTC")
    schema = pa.schema([pa.field(BATCH, pa.string()), pa.field(RECEIVED_AT, timestamp), *reader.schema])

    def stamped() -> Iterator[pa.RecordBatch]:
        for rows in reader:
            workspace.lake.check_stopped()
            counter.rows += rows.num_rows
            stamps = [pa.repeat(batch, rows.num_rows), pa.repeat(pa.scalar(received_at, timestamp), rows.num_rows)]
            yield pa.RecordBatch.from_arrays([*stamps, *rows.columns], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, stamped())
