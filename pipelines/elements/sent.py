"""What an agency sent: a cell without surrounding white space, and NULL where the cell says that there is nothing."""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir

from pipelines.elements.characters import BLANKS, one_of

# Spelt out one by one, for their case tells: Nan, Na and Nil are names of people, NaN, NA and nil are none.
_WORDS = (
    "无",
    "-",
    "--",
    "—",
    "/",
    "N/A",
    "n/a",
    "NA",
    "NULL",
    "null",
    "Null",
    "nan",
    "NaN",
    "NAN",
    "none",
    "None",
    "NONE",
)
_OF_SYSTEMS = ("\\N", "NaT", "<NA>", "nil", "undefined")  # of databases, data frames and scripts
_BRACKETED = tuple(
    f"{opening}{word}{closing}" for opening, closing in ("()", "<>", "[]") for word in ("null", "NULL", "Null")
)
_OF_SPREADSHEETS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA",
)  # fmt: skip
NULL_TOKENS = ("", *_WORDS, *_OF_SYSTEMS, *_BRACKETED, *_OF_SPREADSHEETS)
_BLANK = one_of(BLANKS)
_TOKENS = "|".join(map(re.escape, NULL_TOKENS))
_ENDS = f"^{_BLANK}+|{_BLANK}+$"
_NO_VALUE = f"^{_BLANK}*(?:{_TOKENS}){_BLANK}*$"
_NEITHER_TIDY_NOR_A_VALUE = f"^{_BLANK}|{_BLANK}$|^(?:{_TOKENS})$"


def sent(value: ir.StringValue) -> ir.StringValue:
    """The cell without white space and unseen characters (BLANKS) at its ends; NULL where that is one of NULL_TOKENS.

    Tokens count in exactly these spellings; a cell of nothing but BLANKS holds the token of no characters.
    """
    # Not `isin`: engines turn longer lists into joins, which are computed for every row even inside a CASE.
    return ibis.cases(
        (~value.re_search(_NEITHER_TIDY_NOR_A_VALUE), value),
        (value.re_search(_NO_VALUE), ibis.null("string")),
        else_=value.re_replace(_ENDS, ""),
    )
