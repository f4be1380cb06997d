"""Values of a code list: files carry the code or a label, tables the code."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Code
from pipelines.elements.bound import bound
from pipelines.elements.characters import BLANKS, FULL_WIDTH, HALF_WIDTH, without_blanks
from pipelines.elements.sent import sent

_PLAIN = "^[0-9A-Za-z\u4e00-\u9fff]+$"
_COMPARED = str.maketrans(FULL_WIDTH, HALF_WIDTH, BLANKS)


def normalise(value: ir.StringValue, codes: Sequence[Code]) -> ir.StringValue:
    """The code of a code or label; what the list does not have stays as sent.

    Both are compared half-width and without blanks wherever they stand (`characters.without_blanks`), the case of
    letters counts, and so do leading zeros: `１ ` is code 1, `01` is another one.
    """
    labels = {label: code.code for code in reversed(codes) for label in (*code.labels, code.title)}
    written = labels | {code.code: code.code for code in codes}
    # Engines try one after the other, and lists begin with what is common.
    places = {code.code: place for place, code in enumerate(codes)}
    in_order = {
        said.translate(_COMPARED): code for said, code in sorted(written.items(), key=lambda entry: places[entry[1]])
    }
    if not in_order:
        return sent(value)
    text = sent(value)
    compared = ibis.ifelse(text.re_search(_PLAIN), text, without_blanks(text))
    return ibis.coalesce(bound(compared, lambda said: said.substitute(in_order, else_=ibis.null("string"))), text)
