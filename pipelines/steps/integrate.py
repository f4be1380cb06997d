"""Integrate: one golden record per key, each attribute with its source, and the conflicts between sources."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import digest
from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import BATCH, RECEIVED_AT, ROW_NUMBER
from pipelines.elements import derived, match_key
from pipelines.lake.refresh import Refreshed, by_columns, refresh
from pipelines.lake.specs import TIMESTAMP, conflict_spec, golden_spec, standard_spec
from pipelines.modelling import latest
from pipelines.steps.workspace import Workspace

# Scores below those of any time, also before 1970: a source that says nothing, and one that does not say when.
ABSENT, UNDATED = -(2**62), -(2**62) + 1


@dataclass(frozen=True)
class Candidate:
    """What one source says of one attribute, as columns of the joined table."""

    source: str
    agency: str
    value: ir.Value
    compared: ir.Value
    version: ir.TimestampValue
    batch: ir.StringValue
    row: ir.IntegerValue


def integrate(workspace: Workspace, record: GoldenRecord) -> tuple[Refreshed, Refreshed]:
    """Bring a golden record and its conflicts up to date."""
    catalog, lake = workspace.catalog, workspace.lake
    feeders = catalog.feeders(record)
    declared = digest(record, [catalog.authorities(record, name) for name in record.attributes], catalog.elements)
    ways = {standard_spec(catalog, contract): catalog.feeding_key(contract, record) for contract in feeders}
    spec = golden_spec(catalog, record)
    golden = refresh(
        lake, spec, by_columns(lake, ways, declared, lambda keys: _golden(workspace, record, keys), record.key)
    )
    conflicts = refresh(
        lake,
        conflict_spec(catalog, record),
        by_columns(
            lake,
            {**ways, spec: record.key},
            declared,
            lambda keys: _conflicts(workspace, record, keys),
            record.key,
        ),
    )
    return golden, conflicts


def _golden(workspace: Workspace, record: GoldenRecord, keys: ir.Table | None) -> ir.Table:
    joined = _joined(workspace, record, keys)
    key_element = workspace.catalog.elements[record.key]
    columns: dict[str, ir.Value] = {record.key: joined[record.key]}
    for name, attribute in record.attributes.items():
        candidates = _candidates(workspace, record, name, joined)
        wins = _wins(candidates, attribute.resolve)
        value = ibis.cases(*((won, one.value) for won, one in zip(wins, candidates, strict=True)))
        source = ibis.cases(*((won, one.source) for won, one in zip(wins, candidates, strict=True)))
        if attribute.otherwise:
            fallback = derived(joined[record.key], key_element, name)
            source = ibis.ifelse(value.isnull() & fallback.notnull(), attribute.otherwise, source)
            value = value.fill_null(fallback)
        columns[name] = value
        columns[f"{name}_source"] = source
        columns[f"{name}_disputed"] = _disputed(record, name, candidates)
    return joined.select(**columns)


def _conflicts(workspace: Workspace, record: GoldenRecord, keys: ir.Table | None) -> ir.Table:
    """Only keys with a disputed attribute are joined again: they are few."""
    lake, spec = workspace.lake, golden_spec(workspace.catalog, record)
    golden = lake.read(spec)
    if keys is not None:
        golden = golden.semi_join(keys, record.key)
    disputed = {name: golden[f"{name}_disputed"] for name in record.attributes}
    contested = golden.filter(functools.reduce(operator.or_, disputed.values()))
    standing = lake.engine.materialise(
        contested.select(record.key, *record.attributes, *(f"{n}_disputed" for n in disputed)), "contested"
    )
    joined = lake.engine.materialise(_joined(workspace, record, standing.select(record.key)), "contested_claims")
    parts = []
    for name in record.attributes:
        values = standing.select(record.key, golden_value=name, disputed=f"{name}_disputed")
        claims = joined.inner_join(values, record.key)
        element = workspace.catalog.attribute_element(record, name)
        for one in _candidates(workspace, record, name, claims):
            stands = (one.compared == match_key(claims["golden_value"], element)).fill_null(False)
            rows = claims.filter(claims["disputed"] & one.value.notnull())
            parts.append(
                rows.select(
                    **{record.key: claims[record.key]},
                    attribute=ibis.literal(name),
                    source=ibis.literal(one.source),
                    value=one.value.cast("string"),
                    stands=stands,
                    agency=ibis.ifelse(stands, ibis.null("string"), one.agency),
                    batch=one.batch,
                    row=one.row,
                )
            )
    return ibis.union(*parts)


def _joined(workspace: Workspace, record: GoldenRecord, keys: ir.Table | None) -> ir.Table:
    """Every golden key with what each feeder says beside it: columns `<source>__<column>`. Hash joins spill."""
    sides = [_side(workspace, record, contract, keys) for contract in workspace.catalog.feeders(record)]
    spine = (
        ibis.union(*(side.select(record.key) for side in sides), distinct=True)
        if len(sides) > 1
        else sides[0].select(record.key).distinct()
    )
    for side in sides:
        spine = spine.left_join(side, record.key).drop(f"{record.key}_right")
    return spine


def _side(workspace: Workspace, record: GoldenRecord, contract: Contract, keys: ir.Table | None) -> ir.Table:
    """One row per golden key of one source: its latest, with only the columns that an attribute asks for."""
    catalog = workspace.catalog
    rows = workspace.lake.read(standard_spec(catalog, contract))
    own = catalog.feeding_key(contract, record)
    asked = {
        column
        for name in record.attributes
        for source, column in catalog.authorities(record, name)
        if source.name == contract.name
    }
    version = rows[contract.version].cast(TIMESTAMP) if contract.version else ibis.null(TIMESTAMP)
    prefix = f"{contract.name}__"
    side = rows.filter(rows[own].notnull()).select(
        **{record.key: rows[own]},
        **{prefix + column: rows[column] for column in sorted(asked)},
        **{f"{prefix}version": version, f"{prefix}batch": rows[BATCH], f"{prefix}row": rows[ROW_NUMBER]},
        **{f"{prefix}received": rows[RECEIVED_AT]},
    )
    if keys is not None:
        side = side.semi_join(keys, record.key)
    if contract.key != (own,):
        order = [prefix + name for name in ("version", "received", "batch", "row")]
        side = latest(side, key=record.key, order=order)
    return side.drop(f"{prefix}received")


def _candidates(workspace: Workspace, record: GoldenRecord, name: str, joined: ir.Table) -> list[Candidate]:
    """What each authority of an attribute says, in order of authority."""
    found = []
    for contract, column in workspace.catalog.authorities(record, name):
        prefix = f"{contract.name}__"
        value, element = joined[prefix + column], workspace.catalog.element_of(contract, column)
        found.append(
            Candidate(
                contract.name,
                contract.responsible,
                value,
                match_key(value, element),
                joined[f"{prefix}version"],
                joined[f"{prefix}batch"],
                joined[f"{prefix}row"],
            )
        )
    return found


def _wins(candidates: Sequence[Candidate], resolve: str) -> list[ir.BooleanValue]:
    """Per candidate whether it may win; the first that may, in order of authority, does."""
    if resolve == "authority":
        return [one.value.notnull() for one in candidates]
    if resolve == "latest":
        scores = [ibis.ifelse(one.value.notnull(), _age(one.version), ABSENT) for one in candidates]
    else:
        scores = [ibis.ifelse(one.value.notnull(), _votes(one, candidates), ABSENT) for one in candidates]
    best = ibis.greatest(*scores)
    return [(score == best) & one.value.notnull() for score, one in zip(scores, candidates, strict=True)]


def _age(version: ir.TimestampValue) -> ir.IntegerValue:
    return version.epoch_seconds().cast("int64").fill_null(UNDATED)


def _votes(one: Candidate, candidates: Sequence[Candidate]) -> ir.IntegerValue:
    agreeing = [(one.compared == other.compared).fill_null(False).cast("int64") for other in candidates]
    return functools.reduce(operator.add, agreeing)


def _disputed(record: GoldenRecord, name: str, candidates: Sequence[Candidate]) -> ir.BooleanValue:
    """Whether two sources that say anything differ. What changes with time (`latest`) is no dispute."""
    attribute = record.attributes[name]
    if attribute.resolve == "latest" or attribute.compare == "none" or len(candidates) == 1:
        return ibis.literal(False)
    first = ibis.coalesce(*(one.compared for one in candidates))
    return functools.reduce(operator.or_, [(one.compared != first).fill_null(False) for one in candidates])
