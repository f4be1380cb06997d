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
from pipelines.elements import normalise, sent_value
from pipelines.elements.sent import sent
from pipelines.engines.base import Engine
from pipelines.quality.predicates import predicate

FITS = 0.9
# What an element's own checks let pass is wider than what it looks like when nothing else is known of a column.
_LOOKS = {
    "phone": "^(1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})(;.*)?$",
    "date": "^[0-9]{4}.*[0-9]{1,2}.*[0-9]|^[0-9]{8}$",
    "datetime": "[0-9][T ]*[0-9]{1,2}:[0-9]{2}|^[0-9]{14}$",
    "decimal": "^-?([0-9]|[1-9][0-9,]{1,15})([.][0-9]+)?$",
}
_CODE_LIKE = "^[0-9A-Za-z()（）〔〕\\[\\]号第字./_-]*[0-9]{4}[0-9A-Za-z()（）〔〕\\[\\]号第字./_-]*$"
_ORDER = ("id_number", "credit_code", "code", "region", "datetime", "date", "phone", "decimal", "capital_amount")


@dataclass(frozen=True)
class Counts:
    """Of a column in the sample: rows, cells with a value, different values, and values that look like a number."""

    rows: int
    filled: int
    distinct: int
    code_like: int

    @property
    def complete(self) -> bool:
        return self.rows > 0 and self.filled == self.rows


class Profile:
    """A sample, to be asked about its columns. Repeated records count once."""

    def __init__(self, catalog: Catalog, engine: Engine, sample: Sample) -> None:
        self._catalog, self._engine = catalog, engine
        self._rows = engine.materialise(ibis.memtable(sample.cells).distinct(), "drafting_sample")

    def counts(self, cell: str) -> Counts:
        value = sent(self._rows[cell])
        return Counts(
            **self._row(
                rows=self._rows.count(),
                filled=value.count(),
                distinct=value.nunique(),
                code_like=value.re_search(_CODE_LIKE).sum().fill_null(0),
            )
        )

    def share(self, cell: str, element: Element) -> float:
        """The share of a column's values that an element can read and whose checks they keep; 1 where there are none."""
        return float(self._row(share=self._fitting(cell, element, by_looks=False))["share"])

    def element(self, cell: str) -> Element | None:
        """The most specific element that at least nine values in ten fit; None where values do not tell."""
        candidates = list(self._candidates())
        shares = self._row(**{one.name: self._fitting(cell, one, by_looks=True) for one in candidates})
        fitting = [one for one in candidates if shares[one.name] >= FITS]
        if not fitting or not self.counts(cell).filled:
            return None
        best = [one for one in fitting if one.normalise == fitting[0].normalise]
        # Labels that stand in several code lists do not tell which one is meant.
        return best[0] if len(best) == 1 or best[0].normalise != "code" else None

    def unique(self, cells: Sequence[str]) -> bool:
        """Whether no two records share the values of these columns."""
        values = {cell: sent(self._rows[cell]) for cell in cells}
        pairs = self._rows.select(**values).distinct().count()
        found = self._row(pairs=pairs.as_scalar(), rows=self._rows.count())
        return found["rows"] > 0 and found["pairs"] == found["rows"]

    def _candidates(self) -> Iterator[Element]:
        """Elements that values can tell, the most specific first; of those read alike, the least strict."""
        strictness = {name: len(element.checks) for name, element in self._catalog.elements.items()}
        seen: set[str] = set()
        ordered = sorted(self._catalog.elements.values(), key=lambda one: strictness[one.name])
        for kind in _ORDER:
            for element in ordered:
                if element.normalise == kind and (kind == "code" or kind not in seen):
                    seen.add(kind)
                    yield element

    def _fitting(self, cell: str, element: Element, by_looks: bool) -> ir.FloatingScalar:
        catalog, sent_cell = self._catalog, sent(self._rows[cell])
        value = normalise(self._rows[cell], element, catalog.codes, catalog.cities)
        rows = self._rows.select(
            value=value,
            **{"value" + SENT: sent_value(self._rows[cell], element), "text": sent_cell},
            **{RECEIVED_ON: ibis.literal(datetime.date.today())},
        )
        column = Column(header=cell, name="value", element=element.name, title=cell)
        rules = column_rules(column, element, lambda name: [code.code for code in catalog.codes[name]])
        keeps = [predicate(rule, rows) for rule in rules]
        keeps.append(rows["value"].notnull())
        if by_looks and element.normalise == "code":
            labels = {label for code in catalog.codes[element.codes or ""] for label in code.labels}
            keeps.append(rows["text"].isin(sorted(labels)))
        elif by_looks and element.normalise in _LOOKS:
            keeps.append(rows["text"].re_search(_LOOKS[element.normalise]))
        fits = functools.reduce(operator.and_, keeps)
        return fits.mean(where=rows["text"].notnull()).fill_null(1.0).as_scalar()

    def _row(self, **asked: ir.Scalar) -> dict[str, float]:
        one = ibis.memtable({"_": [0]}).select(**asked)
        return self._engine.rows(one)[0]
