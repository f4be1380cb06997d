"""What models ask of identifiers."""

from __future__ import annotations

import ibis.expr.types as ir

from pipelines.elements import id_number


def is_id_number(value: ir.StringValue) -> ir.BooleanValue:
    """Whether a document's number has the form of a citizen's id number (GB 11643), and so stands for a person."""
    return id_number.has_form(value)
