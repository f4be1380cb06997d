"""Region codes (GB/T 2260) that the simulated people and organisations belong to, with their names."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

CITIES = {
    "150100": "呼和浩特市",
    "150200": "包头市",
    "150300": "乌海市",
    "150400": "赤峰市",
    "150500": "通辽市",
    "150600": "鄂尔多斯市",
    "150700": "呼伦贝尔市",
    "150800": "巴彦淖尔市",
    "150900": "乌兰察布市",
    "152200": "兴安盟",
    "152500": "锡林郭勒盟",
    "152900": "阿拉善盟",
}
ELSEWHERE = [
    "130102",
    "110105",
    "120101",
    "140105",
    "210102",
    "220102",
    "230102",
    "320102",
    "370102",
    "410102",
    "500103",
    "510104",
    "610102",
    "620102",
    "640104",
    "650102",
]
# Codes that no edition of GB/T 2260 ever held.
NEVER_VALID = ["159999", "158101", "153344"]
# Authorities of development zones issue credit codes under codes of their own, which no edition of GB/T 2260 holds.
DEVELOPMENT_ZONES = ["150171", "150172", "150271", "150691"]
# Numbers of residents' permits: Hong Kong, Macao, Taiwan.
HK_MACAO_TAIWAN = ["810000", "820000", "830000"]


@cache
def _inner_mongolia() -> dict[str, str]:
    """Section 15 of python-stdnum's list: each six-digit code ever valid, with its names and years as listed."""
    lines = files("stdnum.cn").joinpath("loc.dat").read_text("utf-8").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("15 "))
    listed = {}
    for line in lines[start + 1 :]:
        entry = re.fullmatch(r'\s+(\d{4}) county="(.*)"', line)
        if entry is None:
            break
        listed["15" + entry[1]] = entry[2]
    return listed


def _latest_name(listed: str) -> str | None:
    """The name valid today of `[1983-1999]郊区,[2000-]赛罕区`, or None where the code is retired."""
    spans = re.fullmatch(r"(?:\[(\d*)-(\d*)\])?(.+)", listed.rpartition(",")[2])
    return spans[3] if spans and not spans[2] else None


def _is_county(code: str) -> bool:
    # In cities proper ..01 stands for 市辖区, the districts together; in leagues it is a county-level city.
    return not code.endswith("00") and not (code.startswith("150") and code.endswith("01"))


@cache
def counties() -> dict[str, str]:
    """The 103 banners, counties and districts of today, by code."""
    names = {code: _latest_name(listed) for code, listed in _inner_mongolia().items() if _is_county(code)}
    return {code: name for code, name in names.items() if name}


@cache
def retired() -> list[str]:
    """County codes of the past, which old id numbers still carry."""
    return [code for code, listed in _inner_mongolia().items() if _is_county(code) and not _latest_name(listed)]


def village_code(number: int, region: str, first: int) -> str:
    """The twelve digits of a village or community of a region, the last three from `first` on; by number distinct."""
    township, place = divmod(number, 199)
    return f"{region}{100 + township:03}{first + place:03}"


def city_of(region: str | None) -> str | None:
    """The league or city that a present region code belongs to, None elsewhere."""
    city = (region or "")[:4] + "00"
    return city if city in CITIES else None


def place_names(codes: list[str]) -> list[str]:
    """`呼和浩特市新城区` for each code."""
    return [CITIES[code[:4] + "00"] + counties()[code] for code in codes]
