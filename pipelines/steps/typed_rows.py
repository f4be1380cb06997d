"""Raw cells as typed rows, and what the rows break: what the gate judges and standard is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import OPERATION, Catalog
from pipelines.declarations.contract import DELETE_FLAG, Contract
from pipelines.declarations.rule import (
    BATCH,
    LATEST_VERSION,
    RECEIVED_AT,
    RECEIVED_ON,
    ROW_HASH,
    ROW_NUMBER,
    SENT,
    SOUND,
    UPSERT,
    VERSION,
    Rule,
)
from pipelines.elements import alias, match_key, normalise, sent_value
from pipelines.elements.bound import bound
from pipelines.elements.code import normalise as normalise_code
from pipelines.project.workspace import Workspace
from pipelines.rules.counting import Ungated
from pipelines.rules.great_expectations.second_reading import CELL, readings_of
from pipelines.rules.rows import PLACE, both, broken_alone, broken_together, rejected
from pipelines.tables.specs import AS_SENT, TIMESTAMP, raw_spec

DELETED = "_deleted"
DELETE = "D"  # in the code list `operation`
BEIJING = ibis.interval(hours=8)
AHEAD = ibis.interval(days=1)


def read_ungated(
    workspace: Workspace, contract: Contract, rules: tuple[Rule, ...], batches: Sequence[str] | None = None
) -> Ungated:
    """Rows of a source as the gate sees them: typed, with what they break; kept until the next source's.

    Those of `batches`, or all.
    """
    engine, raw = workspace.lake.engine, workspace.lake.read(raw_spec(workspace.catalog, contract))
    if batches is not None:
        raw = engine.kept_if_few(raw.filter(raw[BATCH].isin(batches)), "raw_rows")
    # Under a name of its own, or the normal forms would stand in the query twice and be computed twice.
    cells = engine.named(typed(workspace.catalog, contract, raw), "typed_cells")
    rows = engine.materialise(cells.mutate(**{ROW_HASH: _content(workspace.catalog, contract, cells)}), "typed_rows")
    by_themselves = engine.materialise(broken_alone(rows, rules), "broken_alone")
    wrong = rejected(by_themselves, [rule.code for rule in rules if rule.severity == "critical"]).select(*PLACE)
    compared = broken_together(rows.anti_join(wrong, PLACE), rules, contract)
    broken = engine.materialise(both(by_themselves, compared), "broken_rows")
    marked = rows.left_join(wrong.mutate(_wrong=True), PLACE)
    sound = ibis.ifelse(marked["_wrong"].isnull(), True, ibis.null("boolean"))
    damaged = raw.filter(raw["_damage"].notnull())
    readings = readings_of(workspace.catalog, contract)
    return Ungated(marked.select(*rows.columns, **{SOUND: sound}), broken, damaged, readings)


def typed(
    catalog: Catalog,
    contract: Contract,
    raw: ir.Table,
    only: Collection[str] | None = None,
    damaged: bool = False,
) -> ir.Table:
    """Raw's rows with every cell normalised to its element; of the declared columns `only` those (all).

    Rows that are `damaged` cannot be trusted, and are left out but where they are asked for, as rows that wait for a
    correction: then a version that was sent and cannot be read is NULL, and so is one that a damaged row lacks.
    Beside a typed column `<column>__sent` keeps what was sent, and beside an identifier `<column>_as_sent` the form as
    sent where it is another one. With all columns come the cells of those that are read a second time, as
    `<column>__cell`. `_version` is what a row is placed by among those of its key (see `_placed_by`).
    """
    headers = contract.cells
    columns: dict[str, ir.Value] = {}
    twice = {reading.column for reading in readings_of(catalog, contract)} if only is None else set()
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
    flag = _flag(catalog, contract, raw)
    gone = _means_deleted(contract, flag)
    rows = raw if damaged else raw.filter(raw["_damage"].isnull())
    return rows.select(
        BATCH,
        ROW_NUMBER,
        RECEIVED_AT,
        **{
            RECEIVED_ON: (raw[RECEIVED_AT] + BEIJING).date(),
            DELETED: gone,
            UPSERT: ibis.ifelse(gone, ibis.null("boolean"), True),
            **({DELETE_FLAG: flag} if contract.delete_flag else {}),
            **_versions(catalog, contract, raw, waiting=damaged),
        },
        **columns,
    )


def _flag(catalog: Catalog, contract: Contract, raw: ir.Table) -> ir.StringValue:
    """What a row does, as a code of the list `operation` where the flag is a label of one; NULL where it is blank."""
    if contract.delete_flag is None:
        return ibis.null("string")
    cell = raw[contract.cells[contract.delete_flag.column]]
    return normalise_code(cell.upper(), catalog.codes.get(OPERATION, ()))


def _means_deleted(contract: Contract, flag: ir.StringValue) -> ir.BooleanValue:
    if contract.delete_flag is None:
        return ibis.literal(False)
    return flag.isin((DELETE, contract.delete_flag.value.upper())).fill_null(False)


def _versions(catalog: Catalog, contract: Contract, raw: ir.Table, waiting: bool) -> dict[str, ir.Value]:
    """What a row is placed by, and the latest version that can be right on the day of its receipt.

    A row without a version is placed by the time of its receipt, and one whose version lies more than a day ahead of
    that behind all others of its key: a wrong clock would win for ever. The day leaves room for mistaken time zones.
    """
    received = raw[RECEIVED_AT]
    if not catalog.is_dated(contract):
        return {VERSION: ibis.null(TIMESTAMP)}
    assert contract.version
    element = catalog.element_of(contract, contract.version)
    cell = raw[contract.cells[contract.column(contract.version).header]]
    version = normalise(cell, element, catalog.codes, catalog.cities)
    latest, unstated = received + AHEAD, received
    if waiting:
        lost = raw["_damage"].notnull() | sent_value(cell, element).notnull()
        unstated = ibis.ifelse(lost, ibis.null(TIMESTAMP), received)
    if element.type == "date":
        return {
            LATEST_VERSION: (latest + BEIJING).date(),
            VERSION: bound(version, lambda day: _placed_by(day.cast(TIMESTAMP) - BEIJING, unstated, latest)),
        }
    return {LATEST_VERSION: latest, VERSION: bound(version, lambda moment: _placed_by(moment, unstated, latest))}


def _placed_by(version: ir.TimestampValue, unstated: ir.TimestampValue, latest: ir.TimestampValue) -> ir.TimestampValue:
    return ibis.cases((version.isnull(), unstated), (version <= latest, version), else_=ibis.null(TIMESTAMP))


def _content(catalog: Catalog, contract: Contract, rows: ir.Table) -> ir.StringValue:
    """A hash of what a row says, however it spells that; of a row that deletes its key, that it does."""
    columns = []
    for column in contract.columns:
        element, value = catalog.elements[column.element], rows[column.name]
        text = match_key(value, element) if element.is_text else value.cast("string").coalesce(rows[column.name + SENT])
        keeps = column.name in (*contract.key, contract.version)
        columns.append((text if keeps else ibis.ifelse(rows[DELETED], ibis.null("string"), text)).fill_null("\x01"))
    return ibis.literal("\x1f").join([rows[DELETED].cast("string"), *columns]).hexdigest("md5")
