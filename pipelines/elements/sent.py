"""What an agency sent: a cell without surrounding white space, and NULL where the cell says that there is nothing."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import ASCII_SPACE, IDEOGRAPHIC_SPACE, one_of

NULL_TOKENS = ("", "N/A", "n/a", "NA", "NULL", "null", "无", "-", "--", "—", "/")
_SPACE = one_of(ASCII_SPACE + IDEOGRAPHIC_SPACE)
_ENDS = f"^{_SPACE}+|{_SPACE}+$"
_NOTHING = f"^{_SPACE}*(?:{'|'.join(NULL_TOKENS)}){_SPACE}*$"


def trimmed(value: ir.StringValue) -> ir.StringValue:
    """`value` without ASCII white space and U+3000 at both ends."""
    # The regular expression costs ten times the trim, and U+3000 is rare.
    return ibis.ifelse(value.contains(IDEOGRAPHIC_SPACE), value.re_replace(_ENDS, ""), value.strip())


def sent(value: ir.StringValue) -> ir.StringValue:
    """The trimmed cell; NULL where it is empty or one of the tokens by which files say "nothing"."""
    # Not `isin`: engines turn longer lists into joins, which are computed for every row even inside a CASE.
    return ibis.ifelse(value.re_search(_NOTHING), ibis.null("string"), trimmed(value))
