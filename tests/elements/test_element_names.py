"""How names are read and compared: words for nobody, and what two spellings of one name have in common."""

from __future__ import annotations

import unicodedata

import pytest

from pipelines import elements
from pipelines.elements.name_key import name_key
from tests.support.element_values import CATALOG, Each, Normalised


@pytest.mark.parametrize("name", ["person_name", "holder_name", "organisation_name"])
def test_words_for_nobody_are_no_names(normalised: Normalised, name: str) -> None:
    words = [
        "暂无",
        "未知",
        "不详",
        "姓名不详",
        "未填",
        "待定",
        "N/a",
        "n.a.",
        "nULL",
        "ＮＵＬＬ",
        "Ｎ／Ａ",
        "－－",
        "＃Ｎ／Ａ",
    ]
    words += [
        "（空）",
        "(无)",
        "【未知】",
        "〔暂无〕",
        "（ＮＵＬＬ）",
        "()",
        "（）",
        "无。",
        " 暂 无\u3000",
        "\u200b未知\u00a0",
    ]
    assert normalised(name, words) == [None] * len(words)
    names = [
        "空",
        "未央",
        "不花",
        "暂一",
        "无名",
        "Nan",
        "Nil",
        "Na·Ni",
        "N",
        "（张三）",
        "待弟",
        "没有为",
        "未知·其其格",
        "A&A",
    ]
    assert normalised(name, names) == names


class TestNameKey:
    def test_variants_of_one_name_have_one_key(self, each: Each) -> None:
        groups = [
            ["乌云其其格", *(f"乌云{dot}其其格" for dot in "·•・．‧･.∙ \u3000\t\u00a0"), " 乌云 其其格 "],
            ["内蒙古（A）有限公司", "内蒙古(a)有限公司", "内蒙古（ａ） 有限公司", "内蒙古(Ａ)有限公司"],
            ["女大金民见长门页风食", "⼥⼤⾦⺠⻅⻓⻔⻚⻛⻝"],
            ["䶮𠮷𫖯", " 䶮 𠮷 𫖯"],
        ]
        for group in groups:
            assert len(set(each(name_key, group))) == 1
        assert len({each(name_key, group)[0] for group in groups}) == len(groups)

    @pytest.mark.parametrize("name", ["José·Müller", "Ñusta", "Nguyễn Văn Ân", "Йосиф", "ئابدۇلئەزىز"])
    def test_composed_and_decomposed_names_have_one_key(self, each: Each, name: str) -> None:
        spelt = [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]
        assert spelt[0] != spelt[1]
        assert len(set(each(name_key, spelt))) == 1

    def test_characters_that_left_the_private_use_area_are_where_they_are_now(self, each: Each) -> None:
        before, now = "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864", "龴龵龶龷龸龹龺龻"
        before += "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796"
        now += "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"
        assert each(name_key, [f"王{character}" for character in before]) == [f"王{character}" for character in now]

    def test_different_names_have_different_keys(self, each: Each) -> None:
        names = ["张三", "张叁", "𠮷田", "吉田", "公司(一)", "公司(二)", "公司一", None]
        assert len(set(each(name_key, names))) == len(names)

    def test_only_names_are_compared_by_it(self, each: Each) -> None:
        cells = ["Ａ 公司"]
        assert each(lambda cell: elements.match_key(cell, CATALOG.elements["organisation_name"]), cells) == ["a公司"]
        assert each(lambda cell: elements.match_key(cell, CATALOG.elements["text"]), cells) == cells
