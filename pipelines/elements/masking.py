"""Masks of personal values: what stays readable, and `*` for the rest."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.declarations.element import Mask

HIDDEN = "*"


def mask(value: ir.StringValue, mask: Mask) -> ir.StringValue:
    """The first and last characters that `mask` keeps, `*` for each other one.

    A value that is not longer than what is kept is masked wholly. NULL for NULL.
    """
    stars = ibis.literal(HIDDEN)
    hidden = value.length() - (mask.keep_first + mask.keep_last)
    parts = [value.left(mask.keep_first)] if mask.keep_first else []
    parts.append(stars.repeat(hidden))
    parts += [value.right(mask.keep_last)] if mask.keep_last else []
    kept = parts[0]
    for part in parts[1:]:
        kept = kept + part
    return ibis.ifelse(hidden > 0, kept, stars.repeat(value.length()))
