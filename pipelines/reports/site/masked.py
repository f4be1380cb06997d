"""What the report shows of a value: less than a table's mask, for a page is passed on and printed.

At most a third of a value's characters stay readable, whatever its mask says. A cell of a rejected row may stand in
the wrong column, so what does not have its column's form shows nothing at all.
"""

from __future__ import annotations

import functools
import operator

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.element import Check, Element, Mask
from pipelines.elements import normalise
from pipelines.elements.legible import is_legible
from pipelines.elements.masking import HIDDEN
from pipelines.tables.shown import WHOLLY

SEPARATOR = "\x1f"
MOST_STARS = 20
LONGEST_CODE = 12
LONGEST_TEXT = 60
NO_MASK_KEEPS = Mask(keep_first=6, keep_last=0)
MATCH, NOT_MATCH, LEGIBLE = (
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_values_to_be_legible",
)


def glimpse(value: ir.StringValue, keeps: Mask) -> ir.StringValue:
    """What `keeps` leaves readable, but at most a third of the value; the rest as stars, at most 20 of them."""
    third = value.length() // 3
    first = ibis.least(third, keeps.keep_first)
    last = ibis.least(third - first, keeps.keep_last)
    return value.left(first) + _stars(value.length() - first - last) + value.right(last)


def hidden(value: ir.StringValue) -> ir.StringValue:
    """Nothing but that there is something, and how long it is up to 20 characters."""
    return _stars(value.length())


def _stars(count: ir.IntegerValue) -> ir.StringValue:
    return ibis.literal(HIDDEN).repeat(ibis.least(count, MOST_STARS))


def masked_cell(cell: ir.StringValue, element: Element, catalog: Catalog) -> ir.StringValue:
    """A cell of a rejected row, as it was sent."""
    codes = element.code_list
    normal = normalise(cell, element, catalog.codes, catalog.cities)
    forms = _forms(element, normal)
    if codes and not element.is_personal:
        listed = _listed(normal, catalog, codes) & (cell.length() <= LONGEST_CODE)
        return ibis.ifelse(listed.fill_null(False), cell, hidden(cell))
    if not forms:
        return hidden(cell)
    has_form = functools.reduce(operator.and_, forms).fill_null(False)
    return ibis.ifelse(has_form, glimpse(cell, _kept(element)), hidden(cell))


def masked_value(value: ir.StringValue, element: Element, catalog: Catalog, *, of_person: bool) -> ir.StringValue:
    """A value that passed the gate, as text, such as a source's claim in a conflict.

    Of a person only codes are shown in full: a birth date beside the ends of an id number gives the number away.
    """
    if element.is_personal:
        return glimpse(value, _kept(element))
    if of_person and not element.code_list:
        return glimpse(value, NO_MASK_KEEPS)
    return ibis.ifelse(value.length() > LONGEST_TEXT, value.left(LONGEST_TEXT) + "…", value)


def _kept(element: Element) -> Mask:
    return element.mask or (WHOLLY if element.is_personal else NO_MASK_KEEPS)


def _listed(normal: ir.StringValue, catalog: Catalog, codes: str) -> ir.BooleanValue:
    # One literal: thousands of region codes as single ones take seconds to plan.
    listed = ibis.literal(SEPARATOR + SEPARATOR.join(code.code for code in catalog.codes[codes]) + SEPARATOR)
    return listed.contains(ibis.literal(SEPARATOR) + normal + SEPARATOR)


def _forms(element: Element, normal: ir.Value) -> list[ir.BooleanValue]:
    """What a value of the element looks like; empty where it may be any text."""
    if not element.is_text:
        return [normal.notnull()]
    return [form for check in element.checks.values() if (form := _form(check, normal)) is not None]


def _form(check: Check, normal: ir.StringValue) -> ir.BooleanValue | None:
    if check.type == LEGIBLE:
        return is_legible(normal, check.arguments.get("surnames") or "")
    if check.type not in (MATCH, NOT_MATCH):
        return None
    matches = normal.re_search(check.arguments["regex"])
    return matches if check.type == MATCH else ~matches
