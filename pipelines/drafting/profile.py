"""What the values of a column say: the share that fits each data element, gaps and repetitions."""

from __future__ import annotations

import datetime
import functools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Column
from pipelines.declarations.element import Element
from pipelines.declarations.rule import RECEIVED_ON, SENT, column_rules
from pipelines.drafting.sample import Sample
from pipelines.elements import normalise, sent, sent_value
from pipelines.engines.base import Engine
from pipelines.rules.predicates import predicate
from pipelines.settings import PEOPLE_TIME

FITS = 0.9
_TEXT = "_text"
_DAY = "^[0-9]{4}[-/.年 ]+[0-9]{1,2}[-/.月 ]+[0-9]|^[0-9]{8}$"
# A time of day that is not midnight, as spreadsheets write it behind dates.
_TIME_OF_DAY = "[0-9日][T ]+(0?0:(0?0:)?[0-9]*[1-9]|0?[1-9]:|1[0-9]:|2[0-3]:)|^[0-9]{14}$"
# What values look like when nothing else is known of a column: an element's own checks let more pass, and cost more.
_LOOKS = {
    "id_number": "[0-9]{14}",
    "credit_code": "^ *[0-9A-Za-z]{18} *$",
    "region": "^[0-9]{6}([0-9]{3}){0,2}$",
    "phone": "^(1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})(;.*)?$",
    "date": _DAY,
    "datetime": "[0-9][T ]*[0-9]{1,2}:[0-9]{2}|^[0-9]{14}$",
    "decimal": "^-?([0-9]|[1-9][0-9,]{1,15})([.][0-9]+)?$",
    "capital_amount": "^[^0-9]*[0-9][0-9,.]*[(（]?[^0-9]*[万元亿]",
}
_WORDING = "号第字（）()〔〕\\[\\]/_-"
_CODE_LIKE = f"^[0-9A-Za-z{_WORDING}]*[0-9]{{4}}[0-9A-Za-z{_WORDING}]*$"
_LONG_NUMBER = "^[0-9A-Za-z-]*[0-9]{8}[0-9A-Za-z-]*$"
_ORDER = ("id_number", "credit_code", "code", "region", "datetime", "date", "phone", "decimal", "capital_amount")


@dataclass(frozen=True)
class Counts:
    """Of a column in the sample: rows, cells with a value, different values, and values that look like numbers.

    `code_like` values hold four digits and nothing that a document's number has not; `long` ones eight or more.
    `timed` ones hold a time of day other than midnight. `fraction` is the most digits behind a point, `led` how many
    values begin with a zero that a number would lose.
    """

    rows: int
    filled: int
    distinct: int
    code_like: int
    long: int
    timed: int
    fraction: int
    led: int

    @property
    def complete(self) -> bool:
        return self.rows > 0 and self.filled == self.rows


class Profile:
    """A sample, to be asked about its columns. Repeated records count once."""

    def __init__(self, catalog: Catalog, engine: Engine, sample: Sample) -> None:
        self._catalog, self._engine = catalog, engine
        self._rows = ibis.memtable(sample.cells.group_by(sample.cells.column_names).aggregate([]))

    def counts(self, cell: str) -> Counts:
        value = sent(self._rows[cell])
        counted = self._rows.aggregate(
            rows=self._rows.count(),
            filled=value.count(),
            distinct=value.nunique(),
            code_like=value.re_search(_CODE_LIKE).sum().fill_null(0),
            long=value.re_search(_LONG_NUMBER).sum().fill_null(0),
            timed=value.re_search(_TIME_OF_DAY).sum().fill_null(0),
            fraction=value.re_extract("^[+-]?[0-9,]*[.]([0-9]+)$", 1).length().max().fill_null(0),
            led=value.re_search("^[+-]?0[0-9]").sum().fill_null(0),
        )
        return Counts(**self._engine.rows(counted)[0])

    def share(self, cell: str, element: Element) -> float:
        """The share of a column's values that an element reads and whose checks they keep; 1 where there are none."""
        return self._shares(cell, [element])[element.name]

    def element(self, cell: str) -> Element | None:
        """The most specific element that at least nine values in ten fit; None where values do not tell."""
        candidates = self._alike(cell, list(self._candidates()))
        shares = self._shares(cell, candidates) if candidates else {}
        fitting = [element for element in candidates if shares[element.name] >= FITS]
        if not fitting:
            return None
        # Labels that stand in several code lists do not tell which one is meant.
        rivals = [element for element in fitting if element.normalise == fitting[0].normalise]
        return fitting[0] if len(rivals) == 1 else None

    def holds(self, cell: str, text: str) -> bool:
        """Whether any record holds this text in a column."""
        return bool(self._engine.scalar((sent(self._rows[cell]) == text).any()))

    def unique(self, cells: Sequence[str]) -> bool:
        """Whether no two records share the values of these columns."""
        values = {cell: sent(self._rows[cell]) for cell in cells}
        different = self._engine.scalar(self._rows.select(**values).distinct().count())
        return 0 < different == self._engine.scalar(self._rows.count())

    def _candidates(self) -> Iterator[Element]:
        """Elements that values can tell, the most specific first; of those read alike, the least strict."""
        strictness = {name: len(element.checks) for name, element in self._catalog.elements.items()}
        seen: set[str] = set()
        ordered = sorted(self._catalog.elements.values(), key=lambda element: strictness[element.name])
        for kind in _ORDER:
            for element in ordered:
                if element.normalise == kind and (kind == "code" or kind not in seen):
                    seen.add(kind)
                    yield element

    def _alike(self, cell: str, candidates: list[Element]) -> list[Element]:
        """The candidates that at least nine filled cells in ten look like."""
        text = sent(self._rows[cell])
        looks = {element.name: self._looks(text, element).mean().fill_null(0.0) for element in candidates}
        found = self._engine.rows(self._rows.aggregate(**looks, **{_TEXT: text.re_search(_TIME_OF_DAY).any()}))[0]
        # Spreadsheets write midnight behind dates.
        timed = [element for element in candidates if element.normalise != "datetime" or found[_TEXT]]
        return [element for element in timed if found[element.name] >= FITS]

    def _looks(self, text: ir.StringValue, element: Element) -> ir.BooleanValue:
        if element.normalise != "code":
            return text.re_search(_LOOKS[element.normalise])
        # Codes such as 1 and 2 stand in many lists; labels tell.
        labels = {label for code in self._catalog.codes[element.codes or ""] for label in code.labels}
        return text.isin(sorted(labels))

    def _shares(self, cell: str, elements: Sequence[Element]) -> dict[str, float]:
        """Per element the share of the filled cells that it reads and whose checks they keep."""
        catalog, value = self._catalog, self._rows[cell]
        typed = {element.name: normalise(value, element, catalog.codes, catalog.cities) for element in elements}
        as_sent = {element.name + SENT: sent_value(value, element) for element in elements}
        # A sample has not been received: today stands for the day on which it would be.
        today = ibis.literal(datetime.datetime.now(PEOPLE_TIME).date())
        rows = self._rows.select(**{_TEXT: sent(value), RECEIVED_ON: today}, **typed, **as_sent)
        # What only says that there is no end or no date neither fits nor speaks against.
        filled = {element.name: rows[_TEXT].notnull() & rows[element.name + SENT].notnull() for element in elements}
        shares = {element.name: self._fits(rows, element).mean(where=filled[element.name]) for element in elements}
        return self._engine.rows(rows.aggregate(**{name: share.fill_null(1.0) for name, share in shares.items()}))[0]

    def _fits(self, rows: ir.Table, element: Element) -> ir.BooleanValue:
        codes = self._catalog.codes
        column = Column(header=element.name, name=element.name, element=element.name, title=element.title)
        rules = column_rules(column, element, lambda name: [code.code for code in codes[name]])
        keeps = [rows[element.name].notnull(), *(predicate(rule, rows) for rule in rules)]
        return functools.reduce(operator.and_, keeps)
