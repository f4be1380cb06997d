"""Values of a code list: files carry the code or a label, tables the code."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from pipelines.declarations.catalog import Code
from pipelines.elements.bound import bound
from pipelines.elements.sent import sent


def normalise(value: ir.StringValue, codes: Sequence[Code]) -> ir.StringValue:
    """The code of a code or label; what the list does not have stays as sent."""
    labels = {label: code.code for code in reversed(codes) for label in (*code.labels, code.title)}
    written = labels | {code.code: code.code for code in codes}
    # Engines try one after the other, and lists begin with what is common.
    places = {code.code: place for place, code in enumerate(codes)}
    in_order = dict(sorted(written.items(), key=lambda entry: places[entry[1]]))
    return bound(sent(value), lambda text: text.substitute(in_order, else_=text)) if in_order else sent(value)
