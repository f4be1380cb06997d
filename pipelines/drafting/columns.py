"""What each header of a sample becomes: a column of another contract, or an element by its title or by its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import DELETE_FLAG, IDENTIFIER, Column
from pipelines.declarations.element import Element
from pipelines.drafting.profile import FITS, Counts, Profile
from pipelines.drafting.sample import Sample
from pipelines.readers.header import same

PLAIN = "text"
_NUMBERS = ("号", "号码", "编号", "编码")
_TELEPHONES = ("电话", "手机")
_CERTAIN = ("id_number", "credit_code")


@dataclass(frozen=True)
class DraftColumn:
    """One header and the columns that it becomes; `remarks` is what a person should look at."""

    cell: str
    columns: tuple[Column, ...]
    counts: Counts
    remarks: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        return self.columns[0].header

    @property
    def name(self) -> str:
        return self.columns[0].name

    @property
    def element(self) -> str:
        return self.columns[0].element

    def required(self) -> DraftColumn:
        first, *rest = self.columns
        return replace(self, columns=(first.model_copy(update={"required": True}), *rest))


def draft_columns(catalog: Catalog, profile: Profile, sample: Sample, database: str | None) -> list[DraftColumn]:
    """A column per header, in the file's order; names are distinct."""
    known = _known_columns(catalog, database)
    drafted: list[DraftColumn] = []
    taken = {DELETE_FLAG}
    for place, header in enumerate(sample.header, start=1):
        one = _drafted(catalog, profile, known, header.strip(), place)
        if taken & {column.name for column in one.columns}:
            name, remark = f"column_{place}", f"请起英文列名：{one.name} 已被前面的列使用"
            one = replace(one, columns=(one.columns[0].model_copy(update={"name": name}),), remarks=(remark,))
        taken |= {column.name for column in one.columns}
        drafted.append(one)
    return drafted


def _known_columns(catalog: Catalog, database: str | None) -> dict[str, tuple[Column, ...]]:
    """Comparable header or alias → columns, as other contracts declare them; those of the same database first."""
    known: dict[str, tuple[Column, ...]] = {}
    for contract in sorted(catalog.contracts.values(), key=lambda one: one.database != database):
        by_header: dict[str, tuple[Column, ...]] = {}
        for column in contract.columns:
            by_header[column.header] = (*by_header.get(column.header, ()), column)
        for header, columns in by_header.items():
            known.setdefault(same(header), columns)
        for alias, header in contract.aliases.items():
            if header in by_header:
                known.setdefault(same(alias), by_header[header])
    return known


def _drafted(
    catalog: Catalog, profile: Profile, known: dict[str, tuple[Column, ...]], header: str, place: int
) -> DraftColumn:
    cell = f"c{place}"
    counts = profile.counts(cell)
    if columns := known.get(same(header)):
        return _as_known(catalog, profile, columns, header, cell, counts)
    element, remarks = _element(catalog, profile, known, header, cell, counts)
    name = _name(catalog, header, element)
    if name is None:
        name, remarks = f"column_{place}", ("请起英文列名", *remarks)
    column = Column(header=header, name=name, element=element.name, title=header)
    return DraftColumn(cell, (column,), counts, remarks)


def _as_known(
    catalog: Catalog, profile: Profile, columns: Sequence[Column], header: str, cell: str, counts: Counts
) -> DraftColumn:
    share = profile.share(cell, catalog.elements[columns[0].element])
    remarks: tuple[str, ...] = ()
    if share < FITS:
        remarks = (f"请核对：样本中只有 {share:.0%} 的值符合数据元 {columns[0].element}",)
    copies = tuple(
        column.model_copy(
            update={
                "header": header,
                "title": header if column.title == column.header else column.title,
                "required": column.required and counts.complete,
            }
        )
        for column in columns
    )
    return DraftColumn(cell, copies, counts, remarks)


def _element(
    catalog: Catalog, profile: Profile, known: dict[str, tuple[Column, ...]], header: str, cell: str, counts: Counts
) -> tuple[Element, tuple[str, ...]]:
    """The element of an unknown header, and what should be said of the guess."""
    if not counts.filled:
        return catalog.elements[PLAIN], ("请核对：样本中没有值，暂按文本",)
    for element in _by_title(catalog, known, header):
        if profile.share(cell, element) >= FITS:
            return element, ()
    found = profile.element(cell)
    if _is_number(header, counts) and (found is None or found.name not in _CERTAIN):
        return catalog.elements.get("document_number", catalog.elements[PLAIN]), ()
    if found is not None:
        return found, ("请核对：数据元按样本中的值推断",)
    return catalog.elements[PLAIN], ()


def _by_title(catalog: Catalog, known: dict[str, tuple[Column, ...]], header: str) -> Iterator[Element]:
    """Elements whose title, or a known header of theirs, the header is or ends with; the longest match first."""
    comparable = same(header)
    if comparable.lower() in catalog.elements:
        yield catalog.elements[comparable.lower()]
    titles = {same(element.title): element for element in catalog.elements.values()}
    titles |= {title: catalog.elements[columns[0].element] for title, columns in known.items()}
    ends = [title for title in titles if len(title) >= 2 and comparable.endswith(title)]
    for title in sorted(ends, key=len, reverse=True):
        if titles[title].name != PLAIN:
            yield titles[title]


def _is_number(header: str, counts: Counts) -> bool:
    """Whether a column holds the numbers of documents, accounts or files."""
    if any(word in header for word in _TELEPHONES):
        return False
    named = same(header).endswith(_NUMBERS) and counts.code_like >= FITS * counts.filled
    return named or (1 < counts.rows == counts.distinct == counts.long)


def _name(catalog: Catalog, header: str, element: Element) -> str | None:
    """An English name where the header tells one: it is one itself, or the element's own title."""
    if re.match(IDENTIFIER, same(header).lower()):
        return same(header).lower()
    return element.name if same(header) == same(element.title) else None
