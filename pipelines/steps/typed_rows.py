"""Raw cells as typed rows, and what the rows break: what the gate judges and standard is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH, RECEIVED_AT, RECEIVED_ON, ROW_HASH, ROW_NUMBER, SENT, Rule
from pipelines.elements import alias, normalise, sent_value
from pipelines.lake.specs import AS_SENT, raw_spec
from pipelines.quality.counting import Ungated
from pipelines.quality.great_expectations.second_reading import CELL, readings_of
from pipelines.quality.rows import broken_rules
from pipelines.steps.workspace import Workspace

DELETED = "_deleted"


def read_ungated(
    workspace: Workspace, contract: Contract, rules: tuple[Rule, ...], batches: Sequence[str] | None = None
) -> Ungated:
    """Rows of a source as the gate sees them: typed, with what they break; kept until the next source's.

    Those of `batches`, or all.
    """
    engine, raw = workspace.lake.engine, workspace.lake.read(raw_spec(workspace.catalog, contract))
    if batches is not None:
        raw = raw.filter(raw[BATCH].isin(batches))
    typed_rows = engine.materialise(typed(workspace, contract, raw), "typed_rows")
    broken = engine.materialise(broken_rules(typed_rows, rules, contract), "broken_rows")
    readings = readings_of(workspace.catalog, contract)
    return Ungated(typed_rows, broken, raw.filter(raw["_damage"].notnull()), readings)


def typed(workspace: Workspace, contract: Contract, raw: ir.Table, only: Collection[str] | None = None) -> ir.Table:
    """Raw's undamaged rows with every cell normalised to its element; of the declared columns `only` those (all).

    Beside a typed column `<column>__sent` keeps what was sent, and beside an identifier `<column>_as_sent` the form
    as sent where it is another one; `_row_hash` is over the cells as sent. With all columns come the cells of those
    that are read a second time, as `<column>__cell`.
    """
    catalog = workspace.catalog
    headers = contract.cells
    columns: dict[str, ir.Value] = {}
    twice = {one.column for one in readings_of(catalog, contract)} if only is None else set()
    for column in contract.columns:
        if only is not None and column.name not in only:
            continue
        element, cell = catalog.elements[column.element], raw[headers[column.header]]
        columns[column.name] = normalise(cell, element, catalog.codes, catalog.cities)
        if not element.is_text:
            columns[column.name + SENT] = sent_value(cell, element)
        if element.alias:
            columns[column.name + AS_SENT] = alias(cell, element)
        if column.name in twice:
            columns[column.name + CELL] = cell
    cells = [raw[name].fill_null("\x01") for name in headers.values()]
    deleted = _deleted(contract, raw)
    return raw.filter(raw["_damage"].isnull()).select(
        BATCH,
        ROW_NUMBER,
        RECEIVED_AT,
        **{
            RECEIVED_ON: (raw[RECEIVED_AT] + ibis.interval(hours=8)).date(),  # the day in Asia/Shanghai
            ROW_HASH: ibis.literal("\x1f").join(cells).hexdigest("md5"),
            DELETED: deleted,
        },
        **columns,
    )


def _deleted(contract: Contract, raw: ir.Table) -> ir.Value:
    if contract.delete_flag is None:
        return ibis.literal(False)
    flag = raw[contract.cells[contract.delete_flag.column]]
    return (flag.strip() == contract.delete_flag.value).fill_null(False)
