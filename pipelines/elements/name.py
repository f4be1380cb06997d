"""Names of people and organisations: as they were sent, and nothing where a cell only says that none is known."""

from __future__ import annotations

import re

import ibis
import ibis.expr.types as ir

from pipelines.elements.bound import bound
from pipelines.elements.characters import BLANKS, half_width, one_of
from pipelines.elements.kind import Kind
from pipelines.elements.name_key import name_key
from pipelines.elements.sent import NULL_TOKENS, sent

# None of them is anybody's name. Words that could be one (空 is a surname, Nil and Nan are names) stand elsewhere.
_NO_NAME = (
    "暂无|暂缺|没有|未知|未详|不详|不明|不清楚|[未没]填写?|未提供|未登记|未采集|未录入|未说明|缺失|空值|空白"
    "|(?:姓名|名称|人员)?(?:不详|不明|未知|缺失|为空)|无(?:姓名|名称|数据|信息|记录)|待(?:定|补|填|补充|完善|核实)"
    "|[Nn]/[Aa]|[Nn][.][Aa][.]?|[Nn][Uu][Ll][Ll]"
)
_WORD = "|".join((_NO_NAME, *(re.escape(token) for token in NULL_TOKENS if token)))
_BRACKETED = f"[(\\[<{{【〔《](?:{_WORD}|空|缺|[Nn]one|[Nn]il|[Nn]a[Nn])?[)\\]>}}】〕》]"
_NOBODY = f"^(?:(?:{_WORD})[。.]?|{_BRACKETED})$"
_PERHAPS_NOBODY = "[暂没未不缺空无待姓名人(（\\[<{【〔《]|[!-/:-@]|^[NnＮｎ]|^[！-／：-＠]"
_BLANK = one_of(BLANKS)


def normalise(value: ir.StringValue) -> ir.StringValue:
    """The text as sent; NULL for words that say that there is no name, in brackets or without, of either width."""
    return ibis.ifelse(value.re_search(_PERHAPS_NOBODY), bound(sent(value), _unless_nobody), sent(value))


def _unless_nobody(text: ir.StringValue) -> ir.StringValue:
    compact = half_width(text).re_replace(_BLANK, "")
    return ibis.ifelse(compact.re_search(_NOBODY), ibis.null("string"), text)


KINDS = {
    "name": Kind(lambda value, _: normalise(value), normalise),
    # Where a name is part of a key, all its spellings are.
    "name_key": Kind(lambda value, _: name_key(normalise(value)), normalise),
}
