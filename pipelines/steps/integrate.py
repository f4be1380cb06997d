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
from pipelines.declarations.rule import BATCH, ROW_NUMBER
from pipelines.elements import derived, match_key
from pipelines.lake.refresh import Refreshed, by_columns, refresh
from pipelines.lake.specs import conflict_spec, golden_spec, standard_spec
from pipelines.modelling import DELIVERED, latest
from pipelines.steps.newest_day import Ending, by_newest_day, counts_on, newest_day
from pipelines.steps.workspace import Workspace

VERSION = DELIVERED[0]
ABSENT = -1  # the score of a source that says nothing, below that of any vote


@dataclass(frozen=True)
class Voice:
    """A source as it speaks of some attributes: by its latest row, or the latest that counts `until` a day or later."""

    contract: Contract
    until: str | None

    @property
    def prefix(self) -> str:
        """Of its columns in the joined table."""
        return f"{self.contract.name}__{f'{self.until}__' if self.until else ''}"


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
    """Bring a golden record and its conflicts up to date.

    What a source says of an attribute only `until` a day counts while that day is not before the lake's newest receipt
    (see `newest_day`): a rebuild gives the same.
    """
    catalog, lake = workspace.catalog, workspace.lake
    feeders = catalog.feeders(record)
    declared = digest(record, [catalog.authorities(record, name) for name in record.attributes], catalog.elements)
    ways = {standard_spec(catalog, contract): catalog.feeding_key(contract, record) for contract in feeders}
    endings = [
        Ending(standard_spec(catalog, one.contract), catalog.feeding_key(one.contract, record), one.until)
        for one in _voices(workspace, record)
        if one.until
    ]
    spec = golden_spec(catalog, record)
    by_golden = by_columns(lake, ways, declared, lambda keys: _golden(workspace, record, keys), record.key)
    golden = refresh(lake, spec, by_newest_day(lake, by_golden, endings))
    by_conflict = by_columns(
        lake, {**ways, spec: record.key}, declared, lambda keys: _conflicts(workspace, record, keys), record.key
    )
    conflicts = refresh(lake, conflict_spec(catalog, record), by_newest_day(lake, by_conflict, endings))
    return golden, conflicts


def follows_newest_day(record: GoldenRecord) -> bool:
    """Whether the golden record changes with the day of the newest receipt, and not only with its sources' rows."""
    return any(attribute.until for attribute in record.attributes.values())


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
    """Every golden key with what each voice says beside it, in columns of its prefix. Hash joins spill."""
    voices = _voices(workspace, record)
    sides = [_side(workspace, record, voice, keys) for voice in voices]
    # Who is known only by a row that no longer counts is known all the same.
    known = [side.select(record.key) for side, voice in zip(sides, voices, strict=True) if voice.until is None]
    spine = ibis.union(*known, distinct=True) if len(known) > 1 else known[0].distinct()
    for side in sides:
        spine = spine.left_join(side, record.key).drop(f"{record.key}_right")
    return spine


def _voices(workspace: Workspace, record: GoldenRecord) -> list[Voice]:
    """Each feeder by its latest row, and by the latest that counts where an attribute looks at that."""
    voices = [Voice(contract, None) for contract in workspace.catalog.feeders(record)]
    asked = {end for attribute in record.attributes.values() for end in attribute.until.items()}
    ending = [
        Voice(one.contract, column) for one in voices for name, column in sorted(asked) if name == one.contract.name
    ]
    return [*voices, *ending]


def _side(workspace: Workspace, record: GoldenRecord, voice: Voice, keys: ir.Table | None) -> ir.Table:
    """One row per golden key of one voice, with only the columns that an attribute asks for."""
    catalog, contract = workspace.catalog, voice.contract
    rows = workspace.lake.read(standard_spec(catalog, contract))
    own = catalog.feeding_key(contract, record)
    asked = {
        column
        for name, attribute in record.attributes.items()
        for source, column in catalog.authorities(record, name)
        if Voice(source, attribute.until.get(source.name)) == voice
    }
    if voice.until:
        rows = rows.filter(counts_on(rows, voice.until, newest_day(workspace.lake)))
    order = [f"{voice.prefix}{name}" for name in DELIVERED]
    side = rows.filter(rows[own].notnull()).select(
        **{record.key: rows[own]},
        **{f"{voice.prefix}{column}": rows[column] for column in sorted(asked)},
        **dict(zip(order, DELIVERED, strict=True)),
    )
    if keys is not None:
        side = side.semi_join(keys, record.key)
    return side if contract.key == (own,) else latest(side, key=record.key, order=order)


def _candidates(workspace: Workspace, record: GoldenRecord, name: str, joined: ir.Table) -> list[Candidate]:
    """What each authority of an attribute says, in order of authority."""
    found = []
    for contract, column in workspace.catalog.authorities(record, name):
        prefix = Voice(contract, record.attributes[name].until.get(contract.name)).prefix
        value, element = joined[prefix + column], workspace.catalog.element_of(contract, column)
        found.append(
            Candidate(
                contract.name,
                contract.responsible,
                value,
                match_key(value, element),
                joined[f"{prefix}{VERSION}"],
                joined[f"{prefix}{BATCH}"],
                joined[f"{prefix}{ROW_NUMBER}"],
            )
        )
    return found


def _wins(candidates: Sequence[Candidate], resolve: str) -> list[ir.BooleanValue]:
    """Per candidate whether it may win; the first that may, in order of authority, does."""
    said = [one.value.notnull() for one in candidates]
    if resolve == "authority" or len(candidates) == 1:
        return said
    if resolve == "latest":
        return [
            ibis.and_(says, *(~_is_newer(other, one) for other in candidates if other is not one))
            for says, one in zip(said, candidates, strict=True)
        ]
    scores = [ibis.ifelse(says, _votes(one, candidates), ABSENT) for says, one in zip(said, candidates, strict=True)]
    best = ibis.greatest(*scores)
    return [(score == best) & says for score, says in zip(scores, said, strict=True)]


def _is_newer(one: Candidate, other: Candidate) -> ir.BooleanValue:
    """Whether a source said something later than another, to the microsecond; a row without a version comes last."""
    undated = other.version.isnull() & one.version.notnull()
    return one.value.notnull() & (one.version > other.version).fill_null(undated)


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
