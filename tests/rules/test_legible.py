"""Names that a wrong conversion has spoilt, and names that only look strange, by both engines and by both counts."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

import pytest

from expectations.custom import legible as second
from pipelines.elements.legible import is_legible, spoilt
from pipelines.engines.base import Engine
from tests.support.element_values import CATALOG, Each
from tests.support.validated_views import counted, rule, texts

SURNAMES = CATALOG.elements["person_name"].checks["legible"].arguments["surnames"]
GOOD = [
    "José·Müller", "René·Dupont", "Ñusta", "JOÃO·NUÑEZ", "Þórður Ægisson", "Øyvind", "Nguyễn Văn Ânh", "Nestlé®",
    "José· Müller", "L’Oréal—Café…", "Иванов·Иван", "ᠪᠠᠭᠠᠲᠤᠷ", "བསྟན་འཛིན", "ئابدۇللا", "䶮𠮷𫖯", "乌云·其其格",
    "乌云•其其格", "张伟", "濮存昕", "姗丹", "璐璐", "妫海涛", "\ue81e", "龴",
]  # fmt: skip
BAD = [
    "\ufffd", "张\ufffd", "锟斤拷", "????", "王?", "王？", "寮犱紵", "鐜嬩紵", "å¼ ä¼Ÿ", "çŽ‹", "ÕÅÎ°", "Íõ",
    "JosÃ©Â·MÃ¼ller", "\\u5f20\\u4f1f", "&#24352;&#20255;", "%E5%BC%A0%E4%BC%9F", "烫烫烫",
]  # fmt: skip
WAYS: dict[str, Callable[[str], str]] = {
    "UTF-8 as GBK": lambda name: name.encode().decode("gbk", "replace"),
    "UTF-8 as GBK, with question marks": lambda name: name.encode().decode("gbk", "replace").replace("\ufffd", "?"),
    "UTF-8 as GB 18030, without what is left over": lambda name: name.encode().decode("gb18030", "ignore"),
    "UTF-8 as Latin-1": lambda name: name.encode().decode("latin-1"),
    "UTF-8 as CP1252": lambda name: name.encode().decode("cp1252", "replace"),
    "UTF-8 as CP1252, without what it has not": lambda name: name.encode().decode("cp1252", "ignore"),
    "GBK as Latin-1": lambda name: name.encode("gbk").decode("latin-1"),
    "GBK as CP1252": lambda name: name.encode("gbk").decode("cp1252", "ignore"),
}


def usual_names(count: int, surnames: str = SURNAMES) -> list[str]:
    """Surname and one or two of the characters of GB 2312's first level."""
    chosen = random.Random(7)
    pairs = [bytes((first, last)) for first in range(0xB0, 0xD7) for last in range(0xA1, 0xFF)]
    given = [pair.decode("gb2312") for pair in pairs]
    return [chosen.choice(surnames) + "".join(chosen.choices(given, k=chosen.choice((1, 2)))) for _ in range(count)]


def test_spoilt_names_are_told_from_strange_ones(each: Each) -> None:
    good = [unicodedata.normalize(form, name) for form in ("NFC", "NFD") for name in GOOD]
    found = each(lambda name: is_legible(name, SURNAMES), [*good, *BAD, None])
    assert found == [True] * len(good) + [False] * len(BAD) + [None]


def test_great_expectations_tells_them_alike(either_engine: Engine) -> None:
    tested = rule("expect_column_values_to_be_legible", column="v", surnames=SURNAMES)
    assert counted(either_engine, tested, "v VARCHAR", texts(*GOOD, *BAD, None)) == (len(GOOD) + len(BAD), len(BAD))


def test_no_usual_name_is_taken_for_a_spoilt_one() -> None:
    found = re.compile(spoilt(SURNAMES))
    assert not [name for name in usual_names(200_000) if found.search(name)]


@pytest.mark.parametrize("way", WAYS)
def test_of_names_spoilt_in_one_way_99_in_100_are_told(way: str) -> None:
    # Bytes of GBK beyond those of GB 2312 stand for signs and letters that Latin texts have too.
    simplified = "".join(name for name in SURNAMES if name.encode("gb2312", "ignore"))
    surnames = simplified if way.startswith("GBK") else SURNAMES
    names = [WAYS[way](name).strip() for name in usual_names(20_000, surnames)]
    found = re.compile(spoilt(SURNAMES))
    assert sum(bool(found.search(name)) for name in names) >= 0.99 * len(names)


@pytest.mark.parametrize("way", [way for way in WAYS if "as GBK" in way])
def test_names_in_traditional_characters_are_told_too(way: str) -> None:
    found = re.compile(spoilt(SURNAMES))
    names = ["張偉", "陳建國", "黃志強", "劉曉東", "趙雪梅", "楊春華", "孫立軍", "馬曉燕", "許文靜", "鄭海濤"]
    assert [name for name in names if not found.search(WAYS[way](name).strip())] == []
    assert not [name for name in names if found.search(name)]


def test_both_counts_agree_on_names_spoilt_in_any_way() -> None:
    names = usual_names(4_000) + [spoil(name) for spoil in WAYS.values() for name in usual_names(4_000)]
    first = re.compile(spoilt(SURNAMES))
    ways = [re.compile(pattern) for pattern in (*second.OTHERWISE, second.utf8_as_gbk(SURNAMES))]
    differing = [name for name in names if bool(first.search(name)) != any(pattern.search(name) for pattern in ways)]
    assert not differing


def broken(each: Each, element: str, names: list[str]) -> list[set[str]]:
    """Per name the checks by a regular expression that it breaks."""
    checks = {name: check for name, check in CATALOG.elements[element].checks.items() if "regex" in check.arguments}
    wanted = {name: check.type == "expect_column_values_to_match_regex" for name, check in checks.items()}
    found = {
        name: each(lambda cell, regex=check.arguments["regex"]: cell.re_search(regex), names)
        for name, check in checks.items()
    }
    return [{name for name in checks if found[name][at] is not wanted[name]} for at in range(len(names))]


@pytest.mark.parametrize("element", ["person_name", "holder_name", "organisation_name"])
def test_a_name_without_letters_is_none(each: Each, element: str) -> None:
    signs = ["·", "•", "...", "…", "——", "_", "、", "/ /", "***", "＊＊", "0", "123", "１２", "①", "$", "□", "()()"]
    assert all("letters" in codes for codes in broken(each, element, signs))
    assert CATALOG.elements[element].checks["letters"].severity == "critical"
    names = [unicodedata.normalize(form, name) for form in ("NFC", "NFD") for name in [*GOOD, "O'Connor", "Ян", "〇"]]
    assert broken(each, element, names) == [set()] * len(names)
    # What a wrong conversion left is told as that.
    assert not any("letters" in codes for codes in broken(each, element, BAD))


def test_masked_names_and_placeholders_are_told_and_kept(each: Each) -> None:
    masked = ["张*", "*某", "张＊＊", "张某某", "张×", "XX", "欧阳XX", "张■"]
    assert all("masked" in codes for codes in broken(each, "person_name", masked))
    assert all("masked" in codes for codes in broken(each, "organisation_name", ["呼和浩特市*有限公司", "内蒙古＊＊"]))
    placeholders = ["测试", "测试1", "Test", "无名氏", "本人", "未取名", "A"]
    assert all("placeholder" in codes for codes in broken(each, "person_name", placeholders))
    checks = CATALOG.elements["person_name"].checks
    assert {checks[name].severity for name in ("masked", "placeholder")} == {"warning"}
    assert broken(each, "organisation_name", ["内蒙古某协会", "XX铁路公司"]) == [set(), set()]
