"""Overrides: what people have settled about attributes of golden records, as a source of its own above all others.

An override counts until its last day, held against the day of the lake's newest receipt (`newest_day`), so that a
rebuild gives the same. The last word on a key and attribute is the one that stands: a later override takes the place
of an earlier one, and a withdrawal takes it away. It adds no key: one that no source knows any more has no row.
"""

from __future__ import annotations

import datetime

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.element import Element
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.lake.lake import Lake
from pipelines.modelling import latest
from pipelines.steps.newest_day import counts_on
from pipelines.tables.specs import OVERRIDES

OVERRIDE = "override"  # the name of the source


def has_overrides(lake: Lake, record: GoldenRecord) -> bool:
    """Whether anybody has ever settled anything about the golden record."""
    if not lake.exists(OVERRIDES.id):
        return False
    rows = lake.read(OVERRIDES)
    return bool(lake.engine.scalar(rows.filter(rows.record == record.name).count()))


def column_of(attribute: str) -> str:
    """The column of `overridden` that holds the value of an attribute."""
    return f"{OVERRIDE}__{attribute}"


def overridden_keys(catalog: Catalog, record: GoldenRecord, rows: ir.Table) -> ir.Table:
    """The golden keys that rows of the table of overrides are of."""
    own = _of_record(record, rows)
    return own.select(**_key(catalog, record, own))


def last_words(catalog: Catalog, record: GoldenRecord, rows: ir.Table) -> ir.Table:
    """The last word on each key and attribute of a golden record, withdrawn and expired ones too."""
    own = _of_record(record, rows)
    keyed = own.select(**_key(catalog, record, own), **{name: own[name] for name in OVERRIDES.names[2:]})
    return latest(keyed, key=[*record.key, "attribute"], order=["settled_at"])


def standing(catalog: Catalog, record: GoldenRecord, rows: ir.Table, day: datetime.date | None) -> ir.Table:
    """The overrides that count on a day."""
    words = last_words(catalog, record, rows)
    return words.filter(~words.withdrawn & counts_on(words, "expires_on", day))


def overridden(catalog: Catalog, record: GoldenRecord, rows: ir.Table, day: datetime.date | None) -> ir.Table:
    """One row per golden key of which something is settled on a day, with a column for each attribute."""
    words = standing(catalog, record, rows, day)
    texts = {
        column_of(name): ibis.ifelse(words.attribute == name, words["value"], ibis.null("string")).max()
        for name in record.attributes
    }
    found = words.group_by([*record.key]).agg(**texts)
    elements = {column_of(name): catalog.attribute_element(record, name) for name in record.attributes}
    values = {column: typed_value(found[column], element) for column, element in elements.items()}
    return found.select(*record.key, **values)


def typed_value(text: ir.StringValue, element: Element) -> ir.Value:
    """A normal form that was kept as text; NULL where the element has another type since, and it is none of that."""
    return text if element.is_text else text.try_cast(element.ibis_type)


def _of_record(record: GoldenRecord, rows: ir.Table) -> ir.Table:
    """Those that are of the record as it is declared today: by a key of as many parts."""
    return rows.filter((rows.record == record.name) & (rows.key.length() == len(record.key)))


def _key(catalog: Catalog, record: GoldenRecord, rows: ir.Table) -> dict[str, ir.Value]:
    return {part: typed_value(rows.key[place], catalog.elements[part]) for place, part in enumerate(record.key)}
