"""Values of a code list: files carry the code or a label, tables the code; or several of them in one cell."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Code
from pipelines.elements.bound import bound
from pipelines.elements.characters import BLANKS, FULL_WIDTH, HALF_WIDTH, without_blanks
from pipelines.elements.kind import Asked, Kind
from pipelines.elements.sent import sent

_PLAIN = "^[0-9A-Za-z\u4e00-\u9fff]+$"
_COMPARED = str.maketrans(FULL_WIDTH, HALF_WIDTH, BLANKS)
# A number as spreadsheets and data frames write it: without its zeros in front, or with zeros behind a point.
_NUMBER = "^0*([0-9]+?)(?:[.]0+)?$"
_NUMBER_AS_SUCH = re.compile("0*([0-9]+)")
_DIVIDERS = ";；,，、|"
# Code and label in one cell: `1-男`, `1男`, `(1)男`.
_CODE_AND_LABEL = "^[(\\[]?([0-9A-Za-z]+)[)\\]]?[-–—_.:、,|/=]?([\u4e00-\u9fff].*)$"


def normalise(value: ir.StringValue, codes: Sequence[Code]) -> ir.StringValue:
    """The code of a code or label, or of both where they agree (`1-男`); what the list does not have stays as sent.

    All are compared half-width and without blanks wherever they stand (`characters.without_blanks`), and the case of
    letters counts. Numbers are compared as such where the list has no two that differ in zeros alone: `1` and `1.0`
    are code 01.
    """
    labels = {label: code.code for code in reversed(codes) for label in (*code.labels, code.title)}
    as_numbers = _by_number([code.code for code in codes])
    written = labels | {as_numbers.get(code.code, code.code): code.code for code in codes}
    # Engines try one after the other, and lists begin with what is common.
    places = {code.code: place for place, code in enumerate(codes)}
    in_order = {
        spelling.translate(_COMPARED): code
        for spelling, code in sorted(written.items(), key=lambda entry: places[entry[1]])
    }
    if not in_order:
        return sent(value)
    text = sent(value)
    plain = ibis.ifelse(text.re_search(_PLAIN), text, without_blanks(text))
    both = not any(re.search(_CODE_AND_LABEL, spelling) for spelling in in_order)
    return ibis.coalesce(bound(plain, lambda cell: _found(cell, in_order, bool(as_numbers), both)), text)


def normalise_several(value: ir.StringValue, codes: Sequence[Code]) -> ir.StringValue:
    """The codes of all codes or labels in a cell, each once, in the list's order, divided by `;`.

    They stand between any of `;,、，；|`. A cell of which anything is not in the list stays as sent.
    """
    spelt = {code.code: _spellings(code) for code in codes}

    def found(items: ir.StringValue) -> ir.StringValue:
        every = "|".join(dict.fromkeys(word for words in spelt.values() for word in words))
        none_left = items.re_replace(f";(?:{every});", "").re_search("^;*$")
        listed = [
            ibis.ifelse(items.re_search(f";(?:{'|'.join(words)});"), f"{code};", "") for code, words in spelt.items()
        ]
        codes_found = functools.reduce(operator.add, listed).re_replace(";$", "").nullif("")
        return ibis.ifelse(none_left, codes_found, ibis.null("string"))

    text = sent(value)
    # Each item has a divider of its own on both sides, so that no two share one.
    divided = ibis.literal(";") + without_blanks(text).re_replace(f"[{_DIVIDERS}]+", ";;") + ibis.literal(";")
    return ibis.coalesce(bound(divided, found), text)


def _spellings(code: Code) -> list[str]:
    """A code, as a number too, and its labels, as expressions; a label that names several things by its parts."""
    number = _NUMBER_AS_SUCH.fullmatch(code.code)
    written = [re.escape(code.code), *([f"0*{number[1]}(?:[.]0+)?"] if number else [])]
    labels = [part for label in (code.title, *code.labels) for part in re.split(f"[{_DIVIDERS}]", label) if part]
    return [*written, *(re.escape(label.translate(_COMPARED)) for label in labels)]


def _found(cell: ir.StringValue, listed: Mapping[str, str], as_numbers: bool, both: bool) -> ir.StringValue:
    """The code of what the list says so; where `both` may stand in a cell, only if they say the same."""
    plain = _number(cell) if as_numbers else cell
    word = ibis.ifelse(cell.re_search(_CODE_AND_LABEL), cell.re_extract(_CODE_AND_LABEL, 2), plain) if both else plain
    code = bound(word, lambda text: text.substitute(listed, else_=ibis.null("string")))
    if not both:
        return code
    beside = cell.re_extract(_CODE_AND_LABEL, 1)  # empty where there is no label

    def agreed(found: ir.StringValue) -> ir.StringValue:
        alike = (_number(beside) == _number(found)) if as_numbers else beside == found
        return ibis.ifelse((beside == "") | alike, found, ibis.null("string"))

    return bound(code, agreed)


def _number(text: ir.StringValue) -> ir.StringValue:
    return ibis.ifelse(text.re_search(_NUMBER), text.re_extract(_NUMBER, 1), text)


def _by_number(codes: Sequence[str]) -> dict[str, str]:
    """Codes that are numbers as these; none where two of them differ in zeros alone."""
    numbers = {code: re.sub(_NUMBER, r"\1", code) for code in codes if re.search(_NUMBER, code)}
    return numbers if len({*numbers.values()}) == len(numbers) else {}


def _list_of(asked: Asked) -> tuple[Code, ...]:
    element, codes = asked.element, asked.codes
    if element.codes is None or element.codes not in codes:
        raise ValueError(
            f"element {element.name}: `normalise: code` needs `codes`, the name of a list in catalog/codes/"
            + (f"; there is no {element.codes}.csv" if element.codes else "")
        )
    return codes[element.codes]


KINDS = {
    "code": Kind(lambda value, asked: normalise(value, _list_of(asked))),
    "several_codes": Kind(lambda value, asked: normalise_several(value, _list_of(asked))),
}
