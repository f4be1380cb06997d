"""From a data element's declaration to the expressions for its values: normal form, aliases, derivations, match key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Code
from pipelines.declarations.element import Element
from pipelines.declarations.regions import City
from pipelines.elements import capital, code, credit_code, dates, document, id_number, numbers, phone, region, text
from pipelines.elements.name_key import name_key
from pipelines.elements.sent import sent

Codes = Mapping[str, tuple[Code, ...]]
Cities = Mapping[str, City]

_NORMALISERS: dict[str, Callable[[ir.StringValue, Element, Codes, Cities], ir.Value]] = {
    "id_number": lambda value, element, codes, cities: id_number.normalise(value),
    "person_document": lambda value, element, codes, cities: document.normalise(value),
    "credit_code": lambda value, element, codes, cities: credit_code.normalise(value),
    "upper_code": lambda value, element, codes, cities: text.normalise_upper_code(value),
    "code_text": lambda value, element, codes, cities: text.normalise_code(value),
    "text": lambda value, element, codes, cities: text.normalise(value),
    "date": lambda value, element, codes, cities: dates.normalise(value),
    "end_date": lambda value, element, codes, cities: dates.normalise(value),
    "datetime": lambda value, element, codes, cities: dates.normalise_time(value),
    "region": lambda value, element, codes, cities: region.normalise(value, cities),
    "phone": lambda value, element, codes, cities: phone.normalise(value),
    "decimal": lambda value, element, codes, cities: numbers.normalise(value, element.ibis_type),
    "capital_amount": lambda value, element, codes, cities: capital.amount(value, element.ibis_type),
    "capital_currency": lambda value, element, codes, cities: capital.currency(value),
    "code": lambda value, element, codes, cities: code.normalise(value, _list_of(element, codes)),
}
_OLD_FORMS: dict[str, Callable[[ir.StringValue], ir.StringValue]] = {
    "id_number": id_number.old_form,
    "person_document": id_number.old_form,
}
_DERIVED: dict[tuple[str, str], Callable[[ir.StringValue], ir.Value]] = {
    ("id_number", "sex"): id_number.sex,
    ("id_number", "birth_date"): id_number.birth_date,
    ("credit_code", "registered_region"): credit_code.registered_region,
}


def normalise(value: ir.StringValue, element: Element, codes: Codes, cities: Cities) -> ir.Value:
    """A cell as sent in the element's normal form, typed as `element.ibis_type`.

    What cannot be read becomes NULL in typed elements and stays as it is in text. `codes` are all code lists by
    name, `cities` the leagues and cities. Raises ValueError for an unknown normaliser or code list.
    """
    normaliser = _NORMALISERS.get(element.normalise)
    if normaliser is None:
        known = ", ".join(sorted(_NORMALISERS))
        raise ValueError(f"element {element.name}: there is no normaliser `{element.normalise}`; there are {known}")
    return normaliser(value, element, codes, cities).cast(element.ibis_type)


def sent_value(value: ir.StringValue, element: Element) -> ir.StringValue:
    """What counts as sent: the trimmed cell, NULL for tokens of "nothing" and for dates that say "no end"."""
    if element.normalise == "end_date":
        return dates.without_words_for_no_end(value)
    return dates.without_no_end(value) if element.normalise in ("date", "datetime") else sent(value)


def alias(value: ir.StringValue, element: Element) -> ir.StringValue:
    """The form as sent where it is another form of the same identifier (a 15-digit person id), else NULL.

    Raises ValueError for an element that declares `alias` but whose normaliser knows no other form.
    """
    if not element.alias:
        return ibis.null("string")
    old_form = _OLD_FORMS.get(element.normalise)
    if old_form is None:
        raise ValueError(
            f"element {element.name}: `alias: true` needs a normaliser that knows another form "
            f"({', '.join(_OLD_FORMS)}), not `{element.normalise}`"
        )
    return old_form(value)


def derived(key: ir.StringValue, key_element: Element, attribute: str) -> ir.Value:
    """An attribute that a normalised identifier itself tells; NULL where the identifier is malformed.

    Raises ValueError where the identifier does not tell it.
    """
    derivation = _DERIVED.get((key_element.normalise, attribute))
    if derivation is None:
        known = ", ".join(told for normaliser, told in _DERIVED if normaliser == key_element.normalise)
        raise ValueError(f"`else: {key_element.name}` gives {known or 'nothing'}, not {attribute}")
    return derivation(key)


def match_key(value: ir.Value, element: Element) -> ir.Value:
    """What is compared between sources: the name key of names, the value itself of everything else."""
    return name_key(value) if element.compare == "name_key" else value


def _list_of(element: Element, codes: Codes) -> tuple[Code, ...]:
    if element.codes is None or element.codes not in codes:
        raise ValueError(
            f"element {element.name}: `normalise: code` needs `codes`, the name of a list in catalog/codes/"
            + (f"; there is no {element.codes}.csv" if element.codes else "")
        )
    return codes[element.codes]
