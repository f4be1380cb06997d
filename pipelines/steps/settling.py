"""Settling: a person's word on which value of a disputed attribute stands, until when, and its withdrawal.

What is said here to people names no value and no whole identifier: keys are shown as their masks leave them.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines import clock
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Column
from pipelines.declarations.element import Element
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import RECEIVED_ON, SENT, Rule, column_rules
from pipelines.elements import mask, normalise, sent_value
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace
from pipelines.rules.predicates import predicate
from pipelines.rules.verdicts import Person
from pipelines.settings import PEOPLE_TIME
from pipelines.steps.newest_day import newest_day
from pipelines.steps.overrides import last_words, typed_value
from pipelines.tables.shown import WHOLLY
from pipelines.tables.specs import OVERRIDES, conflict_spec, golden_spec

KEY_SEPARATOR = "/"  # between the parts of a key that has several


@dataclass(frozen=True)
class Settled:
    """What was settled: `key` is masked; `flags` are the titles of warnings that the value breaks and stands with."""

    record: str
    key: str
    attribute: str
    until: datetime.date
    flags: tuple[str, ...]


@dataclass(frozen=True)
class _Subject:
    """What a word is about: an attribute of a golden record's row, by the parts of its key in normal form as text."""

    record: GoldenRecord
    key: tuple[str, ...]
    masked: str
    attribute: str


def settle(
    workspace: Workspace,
    record: str,
    key: str,
    attribute: str,
    value: str,
    reason: str,
    until: datetime.date,
    by: Person | None = None,
) -> Settled:
    """Keep a person's word that `value` stands for a disputed attribute to the end of the day `until`.

    Raises LookupError where there is no such record, attribute or key, or nothing to settle, ValueError where the
    value, the day or the reason cannot stand.
    """
    lake = workspace.lake
    lake.hold()
    subject = _subject(workspace, record, key, attribute)
    _check_reason(reason)
    _check_day(lake, until)
    if not _is_disputed(workspace, subject) and not _is_settled(workspace, subject):
        raise LookupError(
            f"{subject.masked} has no conflict about {attribute}: its sources agree, one alone says anything, or the "
            f"last one counts; {_command(workspace, 'list', record)} shows what is open"
        )
    element = workspace.catalog.attribute_element(subject.record, attribute)
    text, broken = _read(workspace, value, element, attribute)
    if text is None:
        raise ValueError(f"the value cannot be read as {element.title} ({_form(element)}): correct it")
    if critical := [rule.title for rule in broken if rule.severity == "critical"]:
        raise ValueError(f"the value cannot stand, nor could it if a source sent it: {'; '.join(critical)}")
    _keep(lake, subject, by, value=text, reason=reason, expires_on=until, withdrawn=False)
    return Settled(record, subject.masked, attribute, until, tuple(rule.title for rule in broken))


def withdraw(workspace: Workspace, record: str, key: str, attribute: str, reason: str, by: Person | None = None) -> str:
    """Take back what was settled: what the sources say decides again. The key, masked.

    Raises LookupError where there is no such record, attribute or key, or nothing is settled, ValueError where no
    reason is given.
    """
    workspace.lake.hold()
    subject = _subject(workspace, record, key, attribute)
    _check_reason(reason)
    if not _is_settled(workspace, subject):
        raise LookupError(f"nothing is settled about {attribute} of {subject.masked}: there is nothing to withdraw")
    _keep(workspace.lake, subject, by, value=None, reason=reason, expires_on=None, withdrawn=True)
    return subject.masked


def _keep(lake: Lake, subject: _Subject, by: Person | None, **word: Any) -> None:
    """Their order decides which word counts, and clocks are set back."""
    settled_at = clock.after(lake.engine.scalar(lake.read(OVERRIDES).settled_at.max()))
    person = by or Person()
    row = {
        "record": subject.record.name,
        "key": [*subject.key],
        "attribute": subject.attribute,
        **word,
        "decided_by": person.name,
        "account": person.account,
        "settled_at": settled_at,
    }
    lake.append_rows(OVERRIDES, [row], once=f"override:{settled_at.isoformat()}")
    lake.make_durable(OVERRIDES.id)


def _subject(workspace: Workspace, record_name: str, key: str, attribute: str) -> _Subject:
    catalog, lake = workspace.catalog, workspace.lake
    record = catalog.records.get(record_name)
    if record is None:
        raise LookupError(f"there is no golden record {record_name}; there are: {', '.join(sorted(catalog.records))}")
    if attribute not in record.attributes:
        raise LookupError(f"{record_name} has no attribute {attribute}; it has: {', '.join(record.attributes)}")
    parts = [key] if len(record.key) == 1 else key.split(KEY_SEPARATOR)
    if len(parts) != len(record.key):
        raise LookupError(
            f"the key of {record_name} has {len(record.key)} parts, and {len(parts)} are said: write "
            f"{KEY_SEPARATOR.join(record.key).upper()}"
        )
    elements = [catalog.elements[part] for part in record.key]
    read = [_normal_form(workspace, part, element) for part, element in zip(parts, elements, strict=True)]
    masked = KEY_SEPARATOR.join(
        _masked(workspace, part, element) for part, element in zip(parts, elements, strict=True)
    )
    found = tuple(text for text in read if text is not None)
    rows = lake.read(golden_spec(catalog, record))
    if len(found) < len(read) or not lake.engine.scalar(_of_key(catalog, record, rows, found).count()):
        raise LookupError(f"there is no {record_name} with the key {masked}")
    return _Subject(record, found, masked, attribute)


def _of_key(catalog: Catalog, record: GoldenRecord, rows: ir.Table, key: tuple[str, ...]) -> ir.Table:
    wanted = zip(record.key, key, strict=True)
    return rows.filter([rows[part] == typed_value(ibis.literal(text), catalog.elements[part]) for part, text in wanted])


def _is_disputed(workspace: Workspace, subject: _Subject) -> bool:
    rows = workspace.lake.read(conflict_spec(workspace.catalog, subject.record))
    own = _of_key(workspace.catalog, subject.record, rows, subject.key)
    return bool(workspace.lake.engine.scalar(own.filter(own.attribute == subject.attribute).count()))


def _is_settled(workspace: Workspace, subject: _Subject) -> bool:
    """Whether the last word is no withdrawal; an expired one may be settled anew, or taken off the list."""
    words = last_words(workspace.catalog, subject.record, workspace.lake.read(OVERRIDES))
    own = _of_key(workspace.catalog, subject.record, words, subject.key)
    return bool(workspace.lake.engine.scalar(own.filter((own.attribute == subject.attribute) & ~own.withdrawn).count()))


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ValueError("say why: the reason is kept with the decision, and shown in the report")


def _check_day(lake: Lake, until: datetime.date) -> None:
    newest, today = newest_day(lake), clock.now().astimezone(PEOPLE_TIME).date()
    if newest and until < newest:
        raise ValueError(
            f"{until.isoformat()} is over: the newest file came on {newest.isoformat()}, and an override counts until "
            "then at least; say a later day"
        )
    if until < today:
        raise ValueError(f"{until.isoformat()} is over: today is {today.isoformat()}; say a later day")


def _form(element: Element) -> str:
    forms = {"date": "a day such as 2024-05-01", "timestamp": "a time such as 2024-05-01 08:00:00"}
    return forms.get(element.type, "text" if element.is_text else "a number")


def _read(workspace: Workspace, value: str, element: Element, attribute: str) -> tuple[str | None, list[Rule]]:
    """The normal form of a value as text, None where it has none, and the checks of its element that it breaks."""
    text = _normal_form(workspace, value, element)
    if text is None:
        return None, []
    day = newest_day(workspace.lake)
    codes = {name: [code.code for code in listed] for name, listed in workspace.catalog.codes.items()}
    column = Column(header=element.title, name="value", element=element.name, title=element.title)
    values = _one_cell(workspace, value).select(
        value=typed_value(ibis.literal(text), element),
        **{"value" + SENT: ibis.literal(text), RECEIVED_ON: ibis.literal(day, "date")},
    )
    rules = [
        rule
        for rule in column_rules(column, element, lambda name: codes.get(name, []))
        if not rule.on_table and {*rule.columns, *rule.where} <= {*values.columns}
    ]
    if not rules:
        return text, []
    (kept,) = workspace.lake.engine.rows(
        values.select(**{f"rule_{place}": predicate(rule, values) for place, rule in enumerate(rules)})
    )
    return text, [rule for place, rule in enumerate(rules) if not kept[f"rule_{place}"]]


def _normal_form(workspace: Workspace, cell: str, element: Element) -> str | None:
    """A cell in its element's normal form, as text that is read again as the same value; None where it has none."""
    catalog = workspace.catalog

    def normal_form(sent: ir.StringValue) -> ir.Value:
        form = normalise(sent, element, catalog.codes, catalog.cities)
        return ibis.ifelse(sent_value(sent, element).notnull(), form, ibis.null(element.ibis_type))

    found = _of_cell(workspace, cell, normal_form)
    return None if found is None else _as_text(found)


def _as_text(value: Any) -> str:
    """Dates and times by ISO 8601, the latter with their offset; numbers in digits, without an exponent."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)


def _masked(workspace: Workspace, cell: str, element: Element) -> str:
    if not element.is_personal:
        return cell
    return str(_of_cell(workspace, cell, lambda sent: mask(sent, element.mask or WHOLLY)))


def _of_cell(workspace: Workspace, cell: str, expression: Callable[[ir.StringValue], ir.Value]) -> Any:
    rows = _one_cell(workspace, cell)
    return workspace.lake.engine.rows(rows.select(value=expression(rows.cell)))[0]["value"]


def _one_cell(workspace: Workspace, cell: str) -> ir.Table:
    table = pa.table({"cell": pa.array([cell], pa.string())})
    return workspace.lake.engine.taken_in(table.to_reader(), "asked_cell")


def _command(workspace: Workspace, *arguments: str) -> str:
    return workspace.settings.command("conflict", *arguments)
