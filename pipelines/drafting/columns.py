"""What each header of a sample becomes: a column of another contract, or an element by its title or by its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import ibis

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import DELETE_FLAG, IDENTIFIER, Column
from pipelines.declarations.element import Element
from pipelines.drafting.profile import FITS, Counts, Profile
from pipelines.drafting.sample import Sample
from pipelines.readers.header import same

PLAIN = "text"
STRICTEST: Literal["sensitive_personal"] = "sensitive_personal"
_NUMBERS = ("号", "号码", "编号", "编码")
_TELEPHONES = ("电话", "手机", "联系方式", "传真", "热线")
_CERTAIN = ("id_number", "credit_code")
# Headers of days on which something ends, of changes to a row, of sums of money, and of figures that are none.
_ENDS = re.compile(
    "有效期限?([至止末到]|截止|结束|$)|期限?[至止]|截止|到期|届满|失效|终止日|终止时间|结束日|(^|_)(expir|valid_?(to|until)|end_?date)"
)
CHANGES = re.compile(
    "(更新|修改|操作|变更|同步)(日期|时间|时刻)|最[后近](更新|修改)|时间戳"
    "|^(dsc_biz_timestamp|cd_time|(zh)?(gx|xg)(sj|rq))$|(^|_)(updated?|modif[a-z]*|last_?upd[a-z]*|timestamp)(_|$)"
    "|^(last)?(upd|update|modify|modified)(time|date|dt|ts|at)$"
)
_MONEY = re.compile(
    "额|费|款|金|价|基数|工资|薪|收入|支出|税|元|余|补贴|补助|奖励|产值|成本|利润|资产|负债|债务|欠"
    "|(^|_)(amount|price|fee|sum|balance|wage|salary)"
)
_NO_MONEY = re.compile(
    "经度|纬度|经纬|[东西]经|[南北]纬|坐标|得分|分数|评分|成绩|温度|气温|湿度|浓度|速度|风速|降水|雨量|蒸发|深度|厚度|距离|里程"
    "|时长|工时|天数|坡度|角度|密度|强度|指数|系数|邮编|邮政编码|年度|年份|比例|比率|百分|占比|费率|税率|利率|率$|面积|长度|高度|宽度|海拔|重量|体重"
    "|身高|数量|人数|户数|次数|序号|代码|编码|编号|号码|(^|_)(lng|lat|lon|longitude|latitude|x|y|code|zip|postcode|rate|year)($|_)"
)


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
        draft = _drafted(catalog, profile, known, header.strip(), place)
        if taken & {column.name for column in draft.columns}:
            name, remark = f"column_{place}", f"请起英文列名：{draft.name} 已被前面的列使用"
            draft = replace(draft, columns=(draft.columns[0].model_copy(update={"name": name}),), remarks=(remark,))
        taken |= {column.name for column in draft.columns}
        drafted.append(draft)
    return drafted


def _known_columns(catalog: Catalog, database: str | None) -> dict[str, tuple[Column, ...]]:
    """Comparable header or alias → columns, as other contracts declare them; those of the same database first."""
    known: dict[str, tuple[Column, ...]] = {}
    for contract in sorted(catalog.contracts.values(), key=lambda contract: contract.database != database):
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
    # What is guessed by values or by the end of a header was classified by nobody: it is shown to nobody either.
    if not element.is_personal and same(header) != same(element.title):
        column, remarks = column.model_copy(update={"grade": STRICTEST}), (*remarks, "请定级")
    return DraftColumn(cell, (column,), counts, remarks)


def _as_known(
    catalog: Catalog, profile: Profile, columns: Sequence[Column], header: str, cell: str, counts: Counts
) -> DraftColumn:
    share = profile.share(cell, catalog.elements[columns[0].element])
    remarks: tuple[str, ...] = ()
    if any(_loses(catalog.elements[column.element], counts) for column in columns):
        columns = [column.model_copy(update={"element": PLAIN, "grade": STRICTEST}) for column in columns[:1]]
        remarks = (f"请核对：样本中的值有前导零或更多小数位，数据元 {catalog.elements[PLAIN].name} 保持原样",)
    elif share < FITS:
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
        if profile.share(cell, element) >= FITS and not _loses(element, counts):
            return element, ()
    found = _by_values(catalog, profile, header, cell, counts)
    if _is_number(header, counts) and (found is None or found.name not in _CERTAIN):
        return catalog.elements.get("document_number", catalog.elements[PLAIN]), ()
    if found is not None:
        return found, ("请核对：数据元按样本中的值推断",)
    return catalog.elements[PLAIN], ()


def _by_values(catalog: Catalog, profile: Profile, header: str, cell: str, counts: Counts) -> Element | None:
    """The element that the values fit, where the header does not speak against it."""
    found = profile.element(cell)
    if found is None or found.normalise != "decimal":
        return found
    # Values do not tell what is measured, and most that is measured is money.
    money = catalog.elements.get("amount")
    found = money if money and profile.share(cell, money) >= FITS else found
    named = same(header).lower()
    is_money = bool(_MONEY.search(named)) or counts.fraction > 0
    return found if is_money and not _NO_MONEY.search(named) and not _loses(found, counts) else None


def _loses(element: Element, counts: Counts) -> bool:
    """Whether numbers would lose digits that were sent: decimals beyond the element's, zeros in front."""
    if element.normalise != "decimal":
        return False
    scale = ibis.dtype(element.ibis_type).scale or 0
    return counts.fraction > scale or counts.led > 0


def _by_title(catalog: Catalog, known: dict[str, tuple[Column, ...]], header: str) -> Iterator[Element]:
    """Elements whose title, or a known header of theirs, the header is or ends with; the longest match first."""
    comparable = same(header)
    if comparable.lower() in catalog.elements:
        yield catalog.elements[comparable.lower()]
    for named, element in ((CHANGES, "datetime"), (_ENDS, "end_date")):
        if named.search(comparable.lower()) and element in catalog.elements:
            yield catalog.elements[element]
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
