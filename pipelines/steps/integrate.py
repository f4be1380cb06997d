"""Integrate: one golden record per key, each attribute with its source, and the conflicts between sources."""

from __future__ import annotations

import datetime
import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.element import Element
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import BATCH, FLAGS, ROW_NUMBER, Rule
from pipelines.elements import derived, match_key
from pipelines.lake.refresh import Refreshed, Way, by_columns, refresh
from pipelines.modelling import DELIVERED, latest
from pipelines.project.digest import digest
from pipelines.project.workspace import Project, Workspace
from pipelines.rules.predicates import predicate
from pipelines.rules.rows import broken_codes
from pipelines.steps.newest_day import Ending, by_newest_day, counts_on, newest_day
from pipelines.steps.overrides import OVERRIDE, column_of, has_overrides, overridden, overridden_keys
from pipelines.steps.responsibility import deciding, with_agency
from pipelines.steps.task import Step, Tables, Task, origins_of
from pipelines.steps.voices import (
    Candidate,
    SourcedValue,
    Voice,
    is_disputed,
    names_a_record,
    voice_of,
    voices_of,
    wins,
)
from pipelines.tables import layout
from pipelines.tables.specs import OVERRIDES, conflict_spec, golden_spec, standard_spec
from pipelines.tables.table import TableSpec

VERSION = DELIVERED[0]
SOUND = "__sound"


@dataclass(frozen=True)
class Over:
    """What the expressions are built over: how a table is read, how rows are kept under a name (those that are used
    twice, and those of some keys where they are few), the day that rows are held against (None: any), and what people
    have settled about a golden record (None: nothing). Sources that are `silent` have no row.
    """

    read: Callable[[TableSpec], ir.Table]
    keep: Callable[[ir.Table, str], ir.Table]
    keep_if_few: Callable[[ir.Table, str], ir.Table]
    day: Callable[[], datetime.date | None]
    settled: Callable[[], ir.Table | None]
    silent: frozenset[str] = frozenset()


DECLARED = Over(lambda spec: spec.unbound, lambda rows, _: rows, lambda rows, _: rows, lambda: None, lambda: None)


def integrate_tasks(project: Project) -> Iterator[Task]:
    """A task per golden record: itself, and the conflicts between its sources."""
    for record in project.catalog.records.values():
        yield _task(project.catalog, record)


def _task(catalog: Catalog, record: GoldenRecord) -> Task:
    golden, conflict = golden_spec(catalog, record), conflict_spec(catalog, record)
    return Task(
        Step.INTEGRATE,
        record.name,
        record.database,
        (golden, conflict),
        tuple(layout.standard(contract.name) for contract in catalog.feeders(record)),
        lambda workspace: Tables(integrate(workspace, record)),
        lambda: {
            golden.id: origins_of(_golden(catalog, record, DECLARED, None)),
            conflict.id: origins_of(_conflicts(catalog, record, DECLARED, None)),
        },
        (catalog.place_of(record),),
        follows_day=follows_newest_day(record),
    )


def integrate(workspace: Workspace, record: GoldenRecord) -> tuple[Refreshed, Refreshed]:
    """Bring a golden record and its conflicts up to date.

    What a source says of an attribute only `until` a day counts while that day is not before the lake's newest receipt
    (see `newest_day`): a rebuild gives the same. So does what people have settled until a day.
    """
    catalog, lake = workspace.catalog, workspace.lake
    over = Over(
        lake.read,
        lake.engine.materialise,
        lake.engine.kept_if_few,
        lambda: newest_day(lake),
        lambda: (
            overridden(catalog, record, lake.read(OVERRIDES), newest_day(lake)) if has_overrides(lake, record) else None
        ),
        _silent(workspace, record),
    )
    feeders = catalog.feeders(record)
    authorities = [catalog.authorities(record, name) for name in record.attributes]
    declared = digest(__name__, record, authorities, catalog.elements, _checks(catalog, record))
    ways: dict[TableSpec, Way] = {
        standard_spec(catalog, contract): catalog.feeding_key(contract, record) for contract in feeders
    }
    endings = [
        Ending(standard_spec(catalog, voice.contract), catalog.feeding_key(voice.contract, record), voice.until)
        for voice in voices_of(catalog, record)
        if voice.until
    ]
    spec, overriding = golden_spec(catalog, record), functools.partial(overridden_keys, catalog, record)
    by_golden = by_columns(
        lake,
        {**ways, OVERRIDES: overriding},
        declared,
        lambda keys: _golden(catalog, record, over, keys),
        record.key,
    )
    expiring = [Ending(OVERRIDES, overriding, "expires_on")] if lake.exists(OVERRIDES.id) else []
    golden = refresh(lake, spec, by_newest_day(lake, by_golden, [*endings, *expiring]))
    by_conflict = by_columns(
        lake,
        {**ways, spec: record.key},
        digest(__name__, declared, deciding(catalog)),
        lambda keys: _acting(workspace, _conflicts(catalog, record, over, keys)),
        record.key,
    )
    conflicts = refresh(lake, conflict_spec(catalog, record), by_newest_day(lake, by_conflict, endings))
    return golden, conflicts


def _silent(workspace: Workspace, record: GoldenRecord) -> frozenset[str]:
    """Feeders without a row, which need not be asked: a plan over many tables costs its time even where they are empty.

    None of them if no other one speaks of any attribute.
    """
    catalog, lake = workspace.catalog, workspace.lake
    silent = {
        contract.name for contract in catalog.feeders(record) if not lake.row_count(layout.standard(contract.name))
    }
    asked = {contract.name for name in record.attributes for contract, _ in catalog.authorities(record, name)}
    return frozenset(silent if asked - silent else ())


def follows_newest_day(record: GoldenRecord) -> bool:
    """Whether the golden record changes with the day of the newest receipt, and not only with its sources' rows."""
    return any(attribute.until for attribute in record.attributes.values())


def _golden(catalog: Catalog, record: GoldenRecord, over: Over, keys: ir.Table | None) -> ir.Table:
    joined = _with_derived_from_key(catalog, record, _joined(catalog, record, over, keys))
    settled = over.settled()
    if settled is not None:
        joined = joined.left_join(settled, [*record.key]).drop(*(f"{part}_right" for part in record.key))
    columns: dict[str, ir.Value] = {part: joined[part] for part in record.key}
    for name, attribute in record.attributes.items():
        candidates = _candidates(catalog, record, over, name, joined)
        in_turn = _in_turn(candidates, attribute.resolve, _derived_from_key(record, name, joined))
        disputed = is_disputed(record, name, candidates)
        if settled is not None:
            override = SourcedValue(OVERRIDE, joined[column_of(name)], None)
            in_turn = [(override.heard(only_sound=False), override), *in_turn]
            disputed = disputed & override.value.isnull()
        nothing = ibis.null(catalog.attribute_element(record, name).ibis_type)
        columns[name] = _first(((adopted, stated.value) for adopted, stated in in_turn), nothing)
        columns[f"{name}_source"] = _first(
            ((adopted, stated.source) for adopted, stated in in_turn), ibis.null("string")
        )
        columns[f"{name}_disputed"] = disputed
    golden = joined.select(**columns)
    return golden.mutate(**{FLAGS: broken_codes(golden, _checks(catalog, record))})


def _first(cases: Iterable[tuple[ir.BooleanValue, ir.Value | str]], otherwise: ir.Value) -> ir.Value:
    """The value of the first case that holds; `otherwise` where there is no case at all."""
    listed = [*cases]
    return ibis.cases(*listed) if listed else otherwise


def _checks(catalog: Catalog, record: GoldenRecord) -> tuple[Rule, ...]:
    """The checks of their elements that adopted values can break."""
    return catalog.value_rules({name: catalog.attribute_element(record, name) for name in record.attributes})


def _in_turn(
    candidates: Sequence[Candidate], resolve: str, from_key: SourcedValue | None
) -> list[tuple[ir.BooleanValue, SourcedValue]]:
    """What may be adopted and when, the first first: any sound value comes before one that breaks a check.

    What the key itself tells comes after what is told of it.
    """
    found: list[tuple[ir.BooleanValue, SourcedValue]] = []
    everything: list[SourcedValue] = [*candidates, *([from_key] if from_key else [])]
    for only_sound in (True, False) if any(stated.sound is not None for stated in everything) else (False,):
        found.extend(zip(wins(candidates, resolve, only_sound), candidates, strict=True))
        if from_key:
            found.append((from_key.heard(only_sound), from_key))
    return found


def _with_derived_from_key(catalog: Catalog, record: GoldenRecord, joined: ir.Table) -> ir.Table:
    """`joined` with what the golden key itself tells of attributes, as that of a source named like that part of it."""
    asked = {name: attribute.otherwise for name, attribute in record.attributes.items() if attribute.otherwise}
    named = {name: f"{otherwise}__{name}" for name, otherwise in asked.items()}
    values = {named[name]: derived(joined[part], catalog.elements[part], name) for name, part in asked.items()}
    rows = joined.mutate(**values)
    elements = {column: catalog.attribute_element(record, name) for name, column in named.items()}
    return rows.mutate(**_soundness(catalog, rows, elements))


def _derived_from_key(record: GoldenRecord, name: str, joined: ir.Table) -> SourcedValue | None:
    otherwise = record.attributes[name].otherwise
    return _sourced_value(joined, otherwise, f"{otherwise}__{name}") if otherwise else None


def _sourced_value(joined: ir.Table, source: str, column: str) -> SourcedValue:
    sound = column + SOUND
    return SourcedValue(source, joined[column], joined[sound] if sound in joined.columns else None)


def _soundness(catalog: Catalog, rows: ir.Table, elements: Mapping[str, Element]) -> dict[str, ir.BooleanValue]:
    """Per column of `rows` whether its value keeps every check of its element; none where it could break none."""
    kept: dict[str, list[ir.BooleanValue]] = {}
    for rule in catalog.value_rules(elements):
        kept.setdefault(rule.columns[0] + SOUND, []).append(predicate(rule, rows))
    return {name: functools.reduce(operator.and_, all_of_it) for name, all_of_it in kept.items()}


def _conflicts(catalog: Catalog, record: GoldenRecord, over: Over, keys: ir.Table | None) -> ir.Table:
    """Only keys with a disputed attribute are joined again: they are few."""
    golden = over.read(golden_spec(catalog, record))
    if keys is not None:
        golden = golden.semi_join(keys, [*record.key])
    disputed = {f"{name}_disputed": golden[f"{name}_disputed"] for name in record.attributes}
    contested = golden.filter(functools.reduce(operator.or_, disputed.values()))
    standing = over.keep(contested.select(*record.key, *record.attributes, *disputed), "contested")
    beside = standing.rename({f"{name}_golden": name for name in record.attributes})
    joined = _joined(catalog, record, over, standing.select(*record.key)).inner_join(beside, [*record.key])
    claims = over.keep(joined, "contested_claims")
    parts = []
    for name in record.attributes:
        rows = claims.filter(claims[f"{name}_disputed"])
        element = catalog.attribute_element(record, name)
        for candidate in _candidates(catalog, record, over, name, rows):
            # Columns of these very rows: Ibis would look for those of other rows among all that these come from.
            claimed = rows.select(
                **{part: rows[part] for part in record.key},
                attribute=ibis.literal(name),
                source=ibis.literal(candidate.source),
                value=candidate.value.cast("string"),
                stands=(candidate.compared == match_key(rows[f"{name}_golden"], element)).fill_null(False),
                batch=candidate.batch,
                row=candidate.row,
            )
            parts.append(claimed.filter(claimed["value"].notnull()))
    return ibis.union(*parts)


def _acting(workspace: Workspace, claims: ir.Table) -> ir.Table:
    """Claims in conflict with the agency that must act on each that does not stand."""
    named = with_agency(workspace, claims, "conflict_claims")
    return named.mutate(agency=ibis.ifelse(named.stands, ibis.null("string"), named.agency))


def _joined(catalog: Catalog, record: GoldenRecord, over: Over, keys: ir.Table | None) -> ir.Table:
    """Every golden key with what each voice says beside it, in columns of its prefix. Hash joins spill."""
    voices = [voice for voice in voices_of(catalog, record) if voice.contract.name not in over.silent]
    sides = [_side(catalog, record, over, voice, keys) for voice in voices]
    # Who is known only by a row that no longer counts is known all the same.
    known = [side.select(*record.key) for side, voice in zip(sides, voices, strict=True) if voice.hears_every_row]
    spine = ibis.union(*known, distinct=True) if len(known) > 1 else known[0].distinct()
    for side in sides:
        spine = spine.left_join(side, [*record.key]).drop(*(f"{part}_right" for part in record.key))
    return spine


def _side(catalog: Catalog, record: GoldenRecord, over: Over, voice: Voice, keys: ir.Table | None) -> ir.Table:
    """One row per golden key of one voice, with only the columns that an attribute asks for.

    A row without a part of the key is of no golden record, nor is one of a document that is of another kind than it.
    """
    contract = voice.contract
    rows = over.read(standard_spec(catalog, contract))
    own = catalog.feeding_key(contract, record)
    if keys is not None:
        of_keys = rows.semi_join(keys, list(zip(own, record.key, strict=True)))
        rows = over.keep_if_few(of_keys, f"of_keys_{voice.prefix}")
    asked = {
        column
        for name, attribute in record.attributes.items()
        for source, column in catalog.authorities(record, name)
        if voice_of(source, attribute) == voice
    }
    if voice.until:
        rows = rows.filter(counts_on(rows, voice.until, over.day()))
    for column, codes in voice.unless:
        rows = rows.filter(~rows[column].isin(codes).fill_null(False))
    order = [f"{voice.prefix}{name}" for name in DELIVERED]
    values = {name: rows[name] for name in sorted(asked)}
    values |= _soundness(catalog, rows, {name: catalog.element_of(contract, name) for name in values})
    side = rows.filter(ibis.and_(*names_a_record(catalog, record, contract, rows))).select(
        **{part: rows[column] for part, column in zip(record.key, own, strict=True)},
        **{f"{voice.prefix}{name}": value for name, value in values.items()},
        **dict(zip(order, DELIVERED, strict=True)),
    )
    return side if {*contract.key} <= {*own} else latest(side, key=record.key, order=order)


def _candidates(catalog: Catalog, record: GoldenRecord, over: Over, name: str, joined: ir.Table) -> list[Candidate]:
    """What each authority of an attribute says, in order of authority."""
    found = []
    for contract, column in catalog.authorities(record, name):
        if contract.name in over.silent:
            continue
        prefix = voice_of(contract, record.attributes[name]).prefix
        stated, element = _sourced_value(joined, contract.name, prefix + column), catalog.element_of(contract, column)
        found.append(
            Candidate(
                stated.source,
                stated.value,
                stated.sound,
                match_key(stated.value, element),
                joined[f"{prefix}{VERSION}"],
                joined[f"{prefix}{BATCH}"],
                joined[f"{prefix}{ROW_NUMBER}"],
            )
        )
    return found
