"""Who speaks of a golden record's attributes, and whose word is adopted."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.golden_record import Attribute, GoldenRecord
from pipelines.elements import has_form

ABSENT = -1  # the score of a source that says nothing, below that of any vote


@dataclass(frozen=True)
class Voice:
    """A source as it speaks of some attributes: by its latest row, or the latest that counts.

    A row counts `until` a day or later, `unless` it has one of the codes given for columns.
    """

    contract: Contract
    until: str | None = None
    unless: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def prefix(self) -> str:
        """Of its columns in the joined table, in letters that every engine takes."""
        codes = [f"{column}_{crc32(','.join(listed).encode()):x}" for column, listed in self.unless]
        return "".join(f"{part}__" for part in (self.contract.name, self.until, *codes) if part)

    @property
    def hears_every_row(self) -> bool:
        return self.until is None and not self.unless


def voice_of(contract: Contract, attribute: Attribute) -> Voice:
    """How a source speaks of an attribute."""
    unless = attribute.unless.get(contract.name, {})
    return Voice(contract, attribute.until.get(contract.name), tuple(sorted(unless.items())))


@dataclass(frozen=True)
class SourcedValue:
    """A value of an attribute, as a column of the joined table, and the source that states it.

    `sound` is whether the value keeps every check of its element; None where it has none that it could break.
    """

    source: str
    value: ir.Value
    sound: ir.BooleanValue | None

    def heard(self, only_sound: bool) -> ir.BooleanValue:
        """Whether there is anything to adopt."""
        there = self.value.notnull()
        return there & self.sound if only_sound and self.sound is not None else there


@dataclass(frozen=True)
class Candidate(SourcedValue):
    """What a source says of an attribute, as columns of the joined table."""

    compared: ir.Value
    version: ir.TimestampValue
    batch: ir.StringValue
    row: ir.IntegerValue


def voices_of(catalog: Catalog, record: GoldenRecord) -> list[Voice]:
    """Each feeder by its latest row, and by the latest that counts where an attribute looks at that."""
    voices = {voice.prefix: voice for voice in map(Voice, catalog.feeders(record))}
    for name, attribute in record.attributes.items():
        for contract, _ in catalog.authorities(record, name):
            voice = voice_of(contract, attribute)
            voices.setdefault(voice.prefix, voice)
    return list(voices.values())


def names_a_record(
    catalog: Catalog, record: GoldenRecord, contract: Contract, rows: ir.Table
) -> Iterator[ir.BooleanValue]:
    """Per part of the key whether a row of a source has one."""
    for part, column in zip(record.key, catalog.feeding_key(contract, record), strict=True):
        is_of_part = catalog.element_of(contract, column).name == part
        yield rows[column].notnull() if is_of_part else has_form(rows[column], catalog.elements[part])


def wins(candidates: Sequence[Candidate], resolve: str, only_sound: bool) -> list[ir.BooleanValue]:
    """Per candidate whether it may win; the first that may, in order of authority, does."""
    heard = [candidate.heard(only_sound) for candidate in candidates]
    if resolve == "authority" or len(candidates) <= 1:
        return heard
    both = list(zip(heard, candidates, strict=True))
    if resolve == "latest":
        return [
            ibis.and_(
                hears,
                *(
                    ~(other_heard & _is_newer(other, candidate))
                    for other_heard, other in both
                    if other is not candidate
                ),
            )
            for hears, candidate in both
        ]
    scores = [ibis.ifelse(hears, _votes(candidate, candidates), ABSENT) for hears, candidate in both]
    best = ibis.greatest(*scores)
    return [(score == best) & hears for score, hears in zip(scores, heard, strict=True)]


def _is_newer(candidate: Candidate, other: Candidate) -> ir.BooleanValue:
    """Whether a row came later than another, to the microsecond; a row without a version comes last."""
    undated = other.version.isnull() & candidate.version.notnull()
    return (candidate.version > other.version).fill_null(undated)


def _votes(candidate: Candidate, candidates: Sequence[Candidate]) -> ir.IntegerValue:
    agreeing = [(candidate.compared == other.compared).fill_null(False).cast("int64") for other in candidates]
    return functools.reduce(operator.add, agreeing)


def is_disputed(record: GoldenRecord, name: str, candidates: Sequence[Candidate]) -> ir.BooleanValue:
    """Whether two sources that say anything differ. What changes with time (`latest`) is no dispute."""
    attribute = record.attributes[name]
    if attribute.resolve == "latest" or attribute.compare == "none" or len(candidates) <= 1:
        return ibis.literal(False)
    first = ibis.coalesce(*(candidate.compared for candidate in candidates))
    return functools.reduce(operator.or_, [(candidate.compared != first).fill_null(False) for candidate in candidates])
