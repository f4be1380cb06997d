"""What an agency sent: a cell without surrounding white space, and NULL where the cell says that there is nothing."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import ASCII_SPACE, IDEOGRAPHIC_SPACE, one_of

NULL_TOKENS = ("", "N/A", "n/a", "NA", "NULL", "null", "无", "-", "--", "—", "/")
_SPACE = one_of(ASCII_SPACE + IDEOGRAPHIC_SPACE)
_ENDS = f"^{_SPACE}+|{_SPACE}+$"
_NOTHING = f"^{_SPACE}*(?:{'|'.join(NULL_TOKENS)}){_SPACE}*$"
_NEITHER_TIDY_NOR_A_VALUE = f"^{_SPACE}|{_SPACE}$|^(?:{'|'.join(NULL_TOKENS)})$"


def sent(value: ir.StringValue) -> ir.StringValue:
    """The cell without ASCII white space and U+3000 at its ends; NULL where it holds a token for "nothing"."""
    # Not `isin`: engines turn longer lists into joins, which are computed for every row even inside a CASE.
    return ibis.cases(
        (~value.re_search(_NEITHER_TIDY_NOR_A_VALUE), value),
        (value.re_search(_NOTHING), ibis.null("string")),
        else_=value.re_replace(_ENDS, ""),
    )
