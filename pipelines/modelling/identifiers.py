"""What models ask of identifiers."""

from __future__ import annotations

import ibis.expr.types as ir

ID_NUMBER_FORM = "^[0-9]{17}[0-9X]$"


def is_id_number(value: ir.StringValue) -> ir.BooleanValue:
    """Whether a document's number has the form of a citizen's id number (GB 11643), and so stands for a person.

    17 digits and a digit or X. NULL for NULL.
    """
    return value.re_search(ID_NUMBER_FORM)
