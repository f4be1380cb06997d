"""Administrative region codes (GB/T 2260): six digits, from longer codes or from the name of a league or city."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.declarations.regions import City
from pipelines.elements.characters import without_blanks
from pipelines.elements.kind import Kind
from pipelines.elements.sent import sent

_PLAIN = "^[0-9]{6}$"
_CODE = "^[0-9]{6}(?:[0-9]{3}){0,2}$"


def normalise(value: ir.StringValue, cities: Mapping[str, City]) -> ir.StringValue:
    """Six digits from 6, 9 or 12; the code of a league or city named in full or short; anything else as sent.

    Codes and names are compared as `characters.without_blanks` makes them; what is none is only trimmed.
    """
    text = sent(value)
    plain = without_blanks(text)
    names = {name: city.code for city in cities.values() for name in (city.title, city.short)}
    return ibis.cases(
        (value.re_search(_PLAIN), value),
        (plain.re_search(_CODE), plain.substr(0, 6)),
        else_=plain.substitute(names, else_=text) if names else text,
    )


KINDS = {"region": Kind(lambda value, asked: normalise(value, asked.cities))}
