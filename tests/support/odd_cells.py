"""Identifiers, dates and amounts as agencies might write them, right and wrong, with slips and strange characters."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

UNSEEN, SPACES = "\u200b\u200d\u200e\u202a\u202e\u2060\u2066\ufeff\u00ad", " \t\n\u3000\u00a0\u2009\u2028\u202f\x85"
MARKS = "'‘’＇"
EMPTY_CELLS = (
    "", "N/A", "n/a", "NA", "NULL", "null", "Null", "无", "-", "--", "—", "/", "nan", "NaN", "\\N", "NaT", "<NA>",
    "nil", "undefined", "(null)", "<null>", "[NULL]", "#N/A", "#REF!", "#DIV/0!", "#GETTING_DATA", "none", "None",
    "Ｎ／Ａ", "NIL",
)  # fmt: skip
FOREVER = (
    "长期", "永久有效", "无固定期限", "至长期", "长期（有效）", "长期(经营", "无限期", "不限期", "不约定期限", "长 期",
    "永续存续", "长期有", "'长期", "至无期限", "长年", "至", "无期", "无限制", "终身有效", "長期", "永久性", "（长期）",
    "长期有效。", "2024-01-01至长期", "—长期", "无明确期限", "不限", "未约定期限", "无限期有效", "9999-99-99",
)  # fmt: skip
WORDS = (
    "人民币", "RMB", "CNY", "美元", "USD", "US$", "$", "港币", "HK$", "欧元", "€", "日元", "£", "韩元", "¥", "￥", "元",
    "圆", "整", "hkd", "usd", "美",
)  # fmt: skip
UNITS = ("万", "亿", "千万", "百万", "十万", "千", "百", "", "", "")
OFFSETS = (
    "",
    "",
    "",
    "Z",
    "z",
    "UTC",
    "GMT",
    "CST",
    " +08:00",
    "+0800",
    "-05",
    "+14:00",
    "+15:00",
    "-14:59",
    "+8",
    "+08:60",
)
FRACTIONS = ("", "", "", ".", ".5", ".25", ".005", ".995", ".0049999", ".00005", ".000000005", ".00015625")


def digits(random: Random, length: int) -> str:
    return "".join(random.choices("0123456789", k=length))


def identifier(random: Random) -> str:
    kind = random.randrange(6)
    if kind < 2:
        return f"{digits(random, 6)}{random.choice((18, 19, 20))}{digits(random, 9)}{random.choice('0123456789Xx')}"
    if kind < 4:
        return digits(random, 12) + random.choice((digits(random, 3), "996", "999", "995"))
    if kind < 5:
        return "".join(random.choices("0123456789ABCDEFGHJKLMNPQRTUWXYabc", k=18))
    root = f"1.2.156.3005.2.{''.join(random.choices('0123456789ABCDEFG', k=21))}.{digits(random, 5)}"
    return random.choice(
        (root, "内结字150102-2024-000123", "民政〔2024〕12号", "A-12/3", "#12", "王", "‘王", "'‘1", "''")
    )


def _two(random: Random, number: int) -> str:
    return f"{number:02d}" if random.random() < 0.7 else str(number)


def _day(random: Random) -> tuple[int, int, int]:
    if random.random() < 0.1:
        return random.choice(((1, 1, 1), (0, 0, 0), (9999, 12, 31), (9999, 9, 9), (999, 1, 1), (1000, 1, 1)))
    if random.random() < 0.6:
        return random.randint(1850, 2100), random.randint(1, 12), random.choice((random.randint(1, 28), 29, 30, 31))
    return random.randint(0, 9999), random.randint(0, 13), random.randint(0, 32)


def day(random: Random) -> str:
    year, month, day_of_month = _day(random)
    kind = random.random()
    if kind < 0.1:
        return digits(random, 5) + random.choice(("", ".", f".{digits(random, random.randint(1, 12))}", *FRACTIONS))
    if kind < 0.2:
        clock = f"{random.randint(0, 24):02d}{random.randint(0, 60):02d}{random.randint(0, 60):02d}"
        return f"{year:04d}{month:02d}{day_of_month:02d}{clock}"
    if kind < 0.35:
        text = f"{year:04d}{month:02d}{day_of_month:02d}"
    elif kind < 0.6:
        text = f"{year:04d}-{month:02d}-{day_of_month:02d}"
    else:
        gap = " " * random.choice((0, 0, 0, 1, 2))
        first, second = random.choice("-/.年"), random.choice("-/.月")
        parts = (first, _two(random, month), second, _two(random, day_of_month))
        text = f"{year:04d}" + gap.join(("", *parts)) + random.choice(("", "日", " 日"))
    return text if random.random() < 0.5 else text + random.choice((" ", "T", "  ", "t")) + _clock(random)


def _clock(random: Random) -> str:
    hour, minute, second = (
        random.choice((random.randint(0, most), random.randint(0, most + 2))) for most in (23, 59, 59)
    )
    clock = f"{_two(random, hour)}:{_two(random, minute)}"
    if random.random() < 0.7:
        finer = f".{digits(random, random.randint(1, 10))}" if random.random() < 0.3 else ""
        clock += f":{_two(random, second)}{finer}"
    return clock + random.choice(OFFSETS)


def end(random: Random) -> str:
    return random.choice(FOREVER) if random.random() < 0.2 else day(random)


def amount(random: Random) -> str:
    number = random.randrange(10 ** random.choice((1, 3, 4, 8, 9, 12, 15, 16, 17, 19, 24)))
    whole = random.choice((str(number), f"{number:,}", f"000{number}", ""))
    fraction = random.choice((*FRACTIONS, f".{digits(random, random.randint(1, 12))}"))
    return random.choice(("", "", "", "-", "+")) + whole + fraction


def whole(random: Random) -> str:
    """A count of something, at times one that 64 bits hold only just, or no longer."""
    if random.random() < 0.2:
        return f"{random.choice(('', '-'))}{2**63 + random.randint(-2, 2)}{random.choice(('', '.0', '.4', '.5'))}"
    return random.choice(
        (amount(random), f"{random.randrange(5000)}{random.choice(('', '', '.', '.0', '.00', '.50'))}")
    )


def capital(random: Random) -> str:
    front = random.choice(("", "", "", "(", "（")) + random.choice(("", "", random.choice(WORDS)))
    word, other = (random.choice(("", random.choice(WORDS))) for _ in range(2))
    figure = random.choice(("", "", "", "(", ")", ":", "：")) + amount(random).lstrip("+-")
    return (
        front
        + figure
        + random.choice(("", "", "("))
        + word
        + random.choice(UNITS)
        + other
        + random.choice(("", "", ")"))
    )


KINDS: dict[str, tuple[Callable[[Random], str], str]] = {
    "id_number": (identifier, "0123456789Xx'‘"),
    "person_document": (identifier, "0123456789Xx'‘("),
    "credit_code": (identifier, "0123456789ABab'’"),
    "document_number": (identifier, "0123456789Aa字#'"),
    "license_identifier": (identifier, "0123456789A.a'"),
    "date": (day, "0123456789-/. :T年月日+Z"),
    "end_date": (end, "0123456789-/. :T年月日长期至(无"),
    "datetime": (day, "0123456789-/. :T年月日+Z"),
    "amount": (amount, "0123456789.,+-元"),
    "amount_wan": (amount, "0123456789.,+-万"),
    "area_mu": (amount, "0123456789.,+-亩"),
    "headcount": (whole, "0123456789.,+-人"),
    "capital_amount": (capital, "0123456789.,万元亿(美$"),
    "capital_currency": (capital, "0123456789.,万元亿(美$"),
}


def odd_cells(random: Random, element: str, count: int) -> list[str]:
    """So many cells of an element of `KINDS`; most have a slip or two, and some say nothing."""
    make, alphabet = KINDS[element]
    return [
        _slipped(random, random.choice(EMPTY_CELLS) if random.random() < 0.05 else make(random), alphabet)
        for _ in range(count)
    ]


def _slipped(random: Random, text: str, alphabet: str) -> str:
    characters = list(text)
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        place, kind = random.randrange(len(characters) + 1), random.randrange(4)
        if kind == 0:
            characters.insert(place, random.choice(alphabet + UNSEEN + SPACES))
        elif kind == 1:
            del characters[place : place + 1]
        elif kind == 2:
            characters[place : place + 1] = random.choice(alphabet)
        else:
            characters.insert(random.choice((0, len(characters))), random.choice(UNSEEN + SPACES + MARKS))
    wide = random.random() < 0.2
    return "".join(
        chr(ord(character) + 0xFEE0) if wide and "!" <= character <= "~" and random.random() < 0.5 else character
        for character in characters
    )
