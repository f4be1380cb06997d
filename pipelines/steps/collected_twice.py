"""Find, beside findings: which items two agencies both collect, of how many keys, and how far they agree (C5).

Declarations tell only that it may be so: companies and associations have names in two registers, and no key in common.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.elements import match_key
from pipelines.lake.refresh import Refreshed, by_change_feeds, refresh
from pipelines.modelling import DELIVERED, latest
from pipelines.project.catalogue_check import Collecting, Duplicate, duplicates_of
from pipelines.project.digest import digest
from pipelines.project.workspace import Project, Workspace
from pipelines.steps.task import Step, Tables, Task
from pipelines.steps.voices import names_a_record
from pipelines.tables import layout
from pipelines.tables.specs import DUPLICATES, standard_spec
from pipelines.tables.table import TableSpec

ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
SCHEMA = pa.schema([(column.name, ARROW[column.type]) for column in DUPLICATES.columns])


@dataclass(frozen=True)
class Pair:
    """An item that two sources of different agencies deliver; `authority` is the one of both that counts first."""

    item: Duplicate
    source: str
    other: str
    agencies: tuple[str, str]
    authority: str


def pairs_of(catalog: Catalog) -> list[Pair]:
    """Every two sources of different agencies that deliver an item of one golden record."""
    return [
        Pair(item, first.source, other.source, (first.agency, other.agency), _authority(catalog, item, first, other))
        for item in duplicates_of(catalog)
        for first, other in itertools.combinations(item.collecting, 2)
        if first.agency != other.agency
    ]


def _authority(catalog: Catalog, item: Duplicate, first: Collecting, other: Collecting) -> str:
    """The source that counts first: for an attribute as its record says, for any other item by rank."""
    record = catalog.records[item.record]
    if item.item not in record.attributes:
        return first.source
    listed = [contract.name for contract, _ in catalog.authorities(record, item.item)]
    return next((source for source in listed if source in (first.source, other.source)), first.source)


def duplicate_tasks(project: Project) -> Iterator[Task]:
    """One task: the table is about all golden records."""
    inputs = _inputs(project.catalog)
    if inputs:
        yield Task(
            Step.FIND,
            DUPLICATES.id.name,
            "quality",
            (DUPLICATES,),
            tuple(spec.id for spec in inputs),
            lambda workspace: Tables((count_duplicates(workspace),)),
        )


def count_duplicates(workspace: Workspace) -> Refreshed:
    """Bring the table up to date. A change of any source counts all of it again: a number has no keys."""
    lake, catalog = workspace.lake, workspace.catalog
    declared_pairs = pairs_of(catalog)
    # A source without rows has no key in common with any.
    pairs = [pair for pair in declared_pairs if all(_has_rows(workspace, name) for name in (pair.source, pair.other))]

    def compute(_: ir.Table | None) -> ir.Table:
        counts: dict[str, int] = {}
        for name in dict.fromkeys(pair.item.record for pair in pairs):
            of_record = [pair for pair in pairs if pair.item.record == name]
            (found,) = lake.engine.rows(_counted(catalog, catalog.records[name], of_record, lake.read))
            counts |= found
        rows = [row for pair in pairs if (row := _row(catalog, pair, counts))["keys"]]
        table = pa.Table.from_pylist(rows, SCHEMA)
        return lake.engine.taken_in(table.to_reader(), "duplicates")

    declared = digest(
        __name__, [str(pair) for pair in declared_pairs], catalog.contracts, catalog.records, catalog.elements
    )
    inputs = _inputs(catalog)
    return refresh(lake, DUPLICATES, by_change_feeds(lake, inputs, declared, compute, DUPLICATES.key, lambda _: None))


def _has_rows(workspace: Workspace, source: str) -> bool:
    return workspace.lake.row_count(layout.standard(source)) > 0


def _inputs(catalog: Catalog) -> list[TableSpec]:
    sources = {name for pair in pairs_of(catalog) for name in (pair.source, pair.other)}
    return [standard_spec(catalog, contract) for name, contract in catalog.contracts.items() if name in sources]


def _counted(
    catalog: Catalog, record: GoldenRecord, pairs: Sequence[Pair], read: Callable[[TableSpec], ir.Table]
) -> ir.Table:
    """One row: of how many keys both sources of each pair have its item, and of how many the same. Hash joins spill."""
    sources = list(dict.fromkeys(name for pair in pairs for name in (pair.source, pair.other)))
    sides = [_side(catalog, record, source, pairs, read) for source in sources]
    joined = ibis.union(*(side.select(*record.key) for side in sides), distinct=True)
    for side in sides:
        joined = joined.left_join(side, [*record.key]).drop(*(f"{part}_right" for part in record.key))
    counts = {}
    for pair in pairs:
        first, other = (joined[_column(source, pair.item.item)] for source in (pair.source, pair.other))
        both = first.notnull() & other.notnull()
        counts[_named("keys", pair)] = both.sum().fill_null(0).cast("int64")
        counts[_named("agreeing", pair)] = (both & (first == other)).sum().fill_null(0).cast("int64")
    return joined.agg(**counts)


def _side(
    catalog: Catalog,
    record: GoldenRecord,
    source: str,
    pairs: Sequence[Pair],
    read: Callable[[TableSpec], ir.Table],
) -> ir.Table:
    """The newest row of each golden key of a source: what is compared of each of its items."""
    contract = catalog.contracts[source]
    rows, own = read(standard_spec(catalog, contract)), catalog.feeding_key(contract, record)
    rows = rows.filter(ibis.and_(*names_a_record(catalog, record, contract, rows)))
    columns = {
        pair.item.item: first.column for pair in pairs for first in pair.item.collecting if first.source == source
    }
    values = {
        _column(source, item): match_key(rows[column], catalog.element_of(contract, column))
        for item, column in columns.items()
    }
    keys = {f"_{part}": rows[column] for part, column in zip(record.key, own, strict=True)}
    newest = latest(
        rows.select(**keys, **values, **{name: rows[name] for name in DELIVERED}), key=[*keys], order=DELIVERED
    )
    return newest.select(**{part: newest[f"_{part}"] for part in record.key}, **{name: newest[name] for name in values})


def _row(catalog: Catalog, pair: Pair, counts: Mapping[str, int]) -> dict[str, Any]:
    keys, agreeing = int(counts[_named("keys", pair)]), int(counts[_named("agreeing", pair)])
    return {
        "record": pair.item.record,
        "item": pair.item.item,
        "title": pair.item.title,
        "source": pair.source,
        "agency": pair.agencies[0],
        "other_source": pair.other,
        "other_agency": pair.agencies[1],
        "keys": keys,
        "agreeing": agreeing,
        "agreement": agreeing / keys if keys else None,
        "authority": pair.authority,
        "authority_agency": catalog.contracts[pair.authority].responsible,
    }


def _column(source: str, item: str) -> str:
    return f"{source}__{item}"


def _named(count: str, pair: Pair) -> str:
    return f"{count}__{pair.source}__{pair.other}__{pair.item.item}"
