"""From a data element's declaration to the expressions for its values: normal form, aliases, derivations, match key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import ibis
import ibis.expr.types as ir

from pipelines.declarations.element import Element
from pipelines.elements import (
    capital,
    code,
    credit_code,
    dates,
    document,
    id_number,
    month,
    name,
    numbers,
    phone,
    rate,
    region,
    text,
)
from pipelines.elements.kind import Asked, Cities, Codes, Kind
from pipelines.elements.name_key import name_key

Offer = TypeVar("Offer")

MODULES = (
    capital,
    code,
    credit_code,
    dates,
    document,
    id_number,
    month,
    name,
    numbers,
    phone,
    rate,
    region,
    text,
)
KINDS: Mapping[str, Kind] = {named: kind for module in MODULES for named, kind in module.KINDS.items()}


def normalise(value: ir.StringValue, element: Element, codes: Codes, cities: Cities) -> ir.Value:
    """A cell as sent in the element's normal form, typed as `element.ibis_type`.

    What cannot be read becomes NULL in typed elements and stays as it is in text. `codes` are all code lists by
    name, `cities` the leagues and cities. Raises ValueError for an unknown normaliser or code list, and for a type
    that the normaliser does not give.
    """
    kind = KINDS.get(element.normalise)
    if kind is None:
        known = ", ".join(sorted(KINDS))
        raise ValueError(f"element {element.name}: there is no normaliser `{element.normalise}`; there are {known}")
    if not kind.gives(element):
        raise ValueError(
            f"element {element.name}: `normalise: {element.normalise}` does not give `type: {element.type}`; "
            f"write {' or '.join(f'`type: {given}`' for given in kind.types)}, or name another normaliser"
        )
    return kind.normalise(value, Asked(element, codes, cities)).cast(element.ibis_type)


def sent_value(value: ir.StringValue, element: Element) -> ir.StringValue:
    """What counts as sent: the trimmed cell, NULL for "nothing", for dates of "no end" and for names of nobody."""
    return KINDS[element.normalise].sent(value)


def alias(value: ir.StringValue, element: Element) -> ir.StringValue:
    """The form as sent where it is another form of the same identifier (a 15-digit person id), else NULL.

    Raises ValueError for an element that declares `alias` but whose normaliser knows no other form.
    """
    if not element.alias:
        return ibis.null("string")
    known = _offered(element, lambda kind: kind.old_form, "`alias: true` needs a normaliser that knows another form")
    return known(value)


def has_form(value: ir.StringValue, element: Element) -> ir.BooleanValue:
    """Whether a normalised value of an element that `holds` this one is of this one. NULL for NULL.

    Raises ValueError where the element's form cannot be told from others.
    """
    wanted = "what holds its values needs a normaliser that tells them from others"
    return _offered(element, lambda kind: kind.has_form, wanted)(value)


def _offered(element: Element, offer: Callable[[Kind], Offer | None], wanted: str) -> Offer:
    """What the kind of an element offers; raises ValueError with what is `wanted` and the kinds that offer it."""
    kind = KINDS.get(element.normalise)
    found = offer(kind) if kind else None
    if found is None:
        known = ", ".join(named for named, kind in KINDS.items() if offer(kind))
        raise ValueError(f"element {element.name}: {wanted} ({known}), not `{element.normalise}`")
    return found


def derived(key: ir.StringValue, key_element: Element, attribute: str) -> ir.Value:
    """An attribute that a normalised identifier itself tells; NULL where the identifier is malformed.

    Raises ValueError where the identifier does not tell it.
    """
    kind = KINDS.get(key_element.normalise)
    known = kind.derived if kind else {}
    if attribute not in known:
        raise ValueError(f"`else: {key_element.name}` gives {', '.join(known) or 'nothing'}, not {attribute}")
    return known[attribute](key)


def match_key(value: ir.Value, element: Element) -> ir.Value:
    """What is compared between sources: the name key of names, the value itself of everything else."""
    return name_key(value) if element.compare == "name_key" else value
