"""Names of simulated people and organisations, their lookalike spellings and their mojibake."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

SURNAMES = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕")
GIVEN = list("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉文金山民立风长生石羽雨大小月")
_FIRST = [
    "巴特",
    "苏日",
    "乌云",
    "其木",
    "阿拉坦",
    "斯琴",
    "哈斯",
    "那仁",
    "格日勒",
    "呼和",
    "朝鲁",
    "萨仁",
    "娜仁",
    "敖登",
    "额尔敦",
    "宝音",
    "布仁",
    "达来",
    "孟和",
    "特木尔",
]
_LAST = [
    "尔",
    "娜",
    "格",
    "图",
    "高娃",
    "其其格",
    "托娅",
    "花",
    "巴图",
    "夫",
    "毕力格",
    "巴雅尔",
    "朝克图",
    "满都拉",
    "仓",
    "呼",
    "吉雅",
    "塔娜",
]
MONGOLIAN = [first + last for first in _FIRST for last in _LAST]
RARE = ["䶮", "𠮷", "𫖯"]
MIDDLE_DOTS = list("•・．‧･.∙")
DOTTED = [("买买提", "艾力"), ("阿依古丽", "买买提"), ("娜塔莎", "伊万诺娃"), ("热合曼", "吐尔逊")]
# UTF-8 read as Latin-1; only characters whose bytes show no control characters that way.
MOJIBAKE = [text.encode().decode("latin-1") for text in ("张强", "张建", "张建强")]
# UTF-8 read as GBK; only such names as lose nothing that way.
READ_AS_GBK = [name.encode().decode("gbk") for name in ("张伟", "王芳", "刘洋", "陈敏")]
LATIN = ["José·Müller", "Zoë·Noël", "François·Lefèvre", "Peña·Núñez"]
# Characters to which GB 18030-2022 gives the bytes that earlier editions gave to code points for private use.
SINCE_2022 = dict(zip("龴龵龶龷龸龹龺龻", "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864", strict=True))
# What stands where a name should: other programs' words for nothing, and characters that nobody sees.
NOBODY = ["\\N", "nan", "None", "(null)", "NaN", "\u00a0", "\u200b\u200b", "\ufeff", "\u3000\u00a0"]
ILLEGIBLE = ["????", "王?", "??", *READ_AS_GBK]
LOST = ["锟斤拷锟斤拷", "张\ufffd\ufffd", "锟斤拷"]

BRAND = list("鸿泰瑞祥盛恒安达诚信丰源华宇嘉德隆昌顺利和兴广茂永康正元天蓝绿原草青海东北宏博")
TRADES = [
    "商贸",
    "科技",
    "牧业",
    "农业",
    "能源",
    "建筑",
    "物流",
    "餐饮",
    "文化传媒",
    "生物",
    "化工",
    "矿业",
    "乳业",
    "羊绒",
    "旅游",
    "信息技术",
]
FIELDS = ["教育", "慈善", "体育", "养老服务", "文化", "科普", "法律援助", "摄影", "志愿服务", "环保"]
CIVIL_KINDS = {"1": ("社会团体", "协会"), "2": ("民办非企业单位", "服务中心"), "3": ("基金会", "基金会")}


def person_names(rng: np.random.Generator, mongolian: NDArray[np.bool_]) -> list[str]:
    """A surname and one or two characters, or the one token that is a Mongolian name."""
    count = len(mongolian)
    surname = np.array(SURNAMES)[rng.integers(0, len(SURNAMES), count)]
    first = np.array(GIVEN)[rng.integers(0, len(GIVEN), count)]
    second = np.array([*GIVEN, *[""] * 20])[rng.integers(0, len(GIVEN) + 20, count)]
    han = np.char.add(np.char.add(surname, first), second)
    token = np.array(MONGOLIAN)[rng.integers(0, len(MONGOLIAN), count)]
    return np.where(mongolian, token, han).tolist()


@cache
def lookalikes() -> dict[str, str]:
    """Character → the Kangxi or CJK radical that looks like it (the latter have no NFKC mapping)."""
    kangxi = {unicodedata.normalize("NFKC", chr(point)): chr(point) for point in range(0x2F00, 0x2FD6)}
    return kangxi | {"民": "⺠", "见": "⻅", "长": "⻓", "门": "⻔", "页": "⻚", "风": "⻛", "食": "⻝"}


def with_lookalikes(text: str) -> str:
    """The text as some PDF software gives it."""
    return "".join(lookalikes().get(sign, sign) for sign in text)


def brand(number: int) -> str:
    """A name of three characters or more, another one for every number."""
    base = len(BRAND)
    # Multiplying by a number prime to the base scatters neighbours without ever meeting.
    rest = number * 7919 % base**3 + number // base**3 * base**3
    signs = ""
    while rest or len(signs) < 3:
        rest, digit = divmod(rest, base)
        signs += BRAND[digit]
    return signs
