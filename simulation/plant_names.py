"""Defects and oddities of people's names and addresses."""

from __future__ import annotations

import numpy as np

from simulation.block import Block
from simulation.names import DOTTED, ILLEGIBLE, LOST, MIDDLE_DOTS, MOJIBAKE, NOBODY, RARE, lookalikes, with_lookalikes

HOUSEHOLD, PERMIT, INSURANCE = "household_registration", "residence_permit", "social_insurance"


def plant_names(block: Block) -> None:
    """What happens to names and addresses on their way through keyboards, PDFs and encodings."""
    _mojibake(block)
    _lookalikes(block)
    _middle_dots(block)
    _spaces(block)
    _rare(block)
    _digits(block)
    _hardly_names(block)
    _missing(block)
    _no_names(block)
    _addresses(block)


def rename(block: Block, person: int, name: str) -> None:
    """Another name in every table about a person (of whom there is one insurance row at most)."""
    tables = (block.household, block.permit, block.insurance, block.death)
    for table in tables:
        row = int(block.row[table.source][person])
        if row >= 0:
            table.change(row, "person_name", name)


def _mojibake(block: Block) -> None:
    for at, row in enumerate(block.rows(HOUSEHOLD)):
        block.household.put(row, "person_name", LOST[at % len(LOST)])
        block.household.quarantine(row, "name_mojibake", "person_name.legible")
    for at, row in enumerate(block.rows(INSURANCE)):
        block.insurance.put(row, "person_name", MOJIBAKE[at % len(MOJIBAKE)])
        block.insurance.quarantine(row, "name_mojibake", "person_name.legible")
    for row in block.weddings():
        block.marriage.put(row, "wife_name", LOST[0])
        block.marriage.quarantine(row, "name_mojibake", "wife_name.legible")


def _lookalikes(block: Block) -> None:
    signs = lookalikes()
    able = np.array([any(sign in signs for sign in name) for name in block.people.name])
    for source, table in ((HOUSEHOLD, block.household), (INSURANCE, block.insurance)):
        for row in block.rows(source, also=able & block.within(HOUSEHOLD, INSURANCE)):
            table.change(row, "person_name", with_lookalikes(table.sent["person_name"][row]))
            table.accept(row, "name_lookalike")
    for radical in "⺠⻛⻓":
        for person in block.choose(block.within(HOUSEHOLD, INSURANCE) & (block.times_insured == 1), 1):
            plain = {"⺠": "民", "⻛": "风", "⻓": "长"}[radical]
            rename(block, person, "王" + plain)
            row = int(block.row[INSURANCE][person])
            block.insurance.change(row, "person_name", "王" + radical)
            block.insurance.accept(row, "name_lookalike")


def _middle_dots(block: Block) -> None:
    once = block.within(HOUSEHOLD, INSURANCE) & (block.times_insured == 1)
    for at, person in enumerate(block.choose(once, max(block.each, len(MIDDLE_DOTS)))):
        first, second = DOTTED[at % len(DOTTED)]
        rename(block, person, f"{first}·{second}")
        row = int(block.row[INSURANCE][person])
        block.insurance.change(row, "person_name", first + MIDDLE_DOTS[at % len(MIDDLE_DOTS)] + second)
        block.insurance.accept(row, "name_middle_dot")


def _spaces(block: Block) -> None:
    mongolian = np.array(block.people.ethnicity) == "02"
    for row in block.rows(HOUSEHOLD, also=mongolian):
        block.household.accept(row, "name_mongolian_single_token")
    for at, row in enumerate(block.rows(INSURANCE, 2 * block.each, block.within(HOUSEHOLD))):
        name = block.insurance.sent["person_name"][row]
        block.insurance.change(row, "person_name", name[0] + " \u3000"[at % 2] + name[1:])
        block.insurance.accept(row, "name_inner_space")
    for at, row in enumerate(block.rows(HOUSEHOLD, 2 * block.each)):
        name = block.household.sent["person_name"][row]
        block.household.put(row, "person_name", [f"\u3000{name}\u3000", f" {name} "][at % 2], name)
        block.household.accept(row, "name_padded")


def _rare(block: Block) -> None:
    once = block.within(HOUSEHOLD, INSURANCE) & (block.times_insured == 1)
    for at, person in enumerate(block.choose(once, max(block.each, len(RARE)))):
        rename(block, person, "王" + RARE[at % len(RARE)])
        block.household.accept(int(block.row[HOUSEHOLD][person]), "name_rare_character")


def _digits(block: Block) -> None:
    for row in block.rows(HOUSEHOLD, also=block.only(HOUSEHOLD)):
        block.household.change(row, "person_name", block.household.sent["person_name"][row] + "2")
        block.household.flag(row, "name_with_digit", "person_name.digits")


def _hardly_names(block: Block) -> None:
    """Signs alone, and what masks and test data leave of names."""
    only = block.only(HOUSEHOLD)
    for at, row in enumerate(block.rows(HOUSEHOLD, also=only)):
        block.household.put(row, "person_name", ["·", "***", "——"][at % 3])
        rules = ["person_name.letters", *(["person_name.masked"] if at % 3 == 1 else [])]
        block.household.quarantine(row, "name_without_letters", *rules)
    for at, row in enumerate(block.rows(HOUSEHOLD, also=only)):
        name = block.household.sent["person_name"][row]
        block.household.change(row, "person_name", name[0] + ["*", "某某", "＊＊"][at % 3])
        block.household.flag(row, "name_masked", "person_name.masked")
    for at, row in enumerate(block.rows(HOUSEHOLD, also=only)):
        block.household.change(row, "person_name", ["测试", "本人", "未取名"][at % 3])
        block.household.flag(row, "name_placeholder", "person_name.placeholder")


def _missing(block: Block) -> None:
    for at, row in enumerate(block.rows(HOUSEHOLD)):
        block.household.put(row, "person_name", ["", "无", "NULL"][at % 3])
        block.household.quarantine(row, "required_missing", "person_name.required")
    for row in block.rows(PERMIT):
        block.permit.put(row, "residence_region", "—")
        block.permit.quarantine(row, "required_missing", "residence_region.required")


def _no_names(block: Block) -> None:
    """What only looks as if it were a name."""
    registers = ((HOUSEHOLD, block.household), (INSURANCE, block.insurance), (PERMIT, block.permit))
    for start, (source, table) in enumerate(registers):
        for kind, rule, signs in (("name_of_nobody", "required", NOBODY), ("name_illegible", "legible", ILLEGIBLE)):
            for at, row in enumerate(block.rows(source, max(block.each, 3)), start * 3):
                table.put(row, "person_name", signs[at % len(signs)])
                table.quarantine(row, kind, f"person_name.{rule}")
    for at, row in enumerate(block.weddings()):
        # A spouse's name may be missing, but not be damaged.
        block.marriage.put(row, "wife_name", ILLEGIBLE[at % len(ILLEGIBLE)])
        block.marriage.quarantine(row, "name_illegible", "wife_name.legible")
    for at, row in enumerate(block.weddings()):
        block.marriage.put(row, "wife_name", NOBODY[at % len(NOBODY)], None)
        block.marriage.accept(row, "name_of_nobody")


def _addresses(block: Block) -> None:
    for row in block.rows(HOUSEHOLD):
        block.household.change(row, "household_address", "内蒙古锟斤拷锟斤拷新华大街12号")
        block.household.flag(row, "address_mojibake", "household_address.legible")
    for row in block.rows(PERMIT):
        block.permit.change(row, "residence_address", MOJIBAKE[0] + "12号")
        block.permit.flag(row, "address_mojibake", "residence_address.legible")
    for row in block.rows(HOUSEHOLD):
        address = block.household.sent["household_address"][row]
        block.household.change(row, "household_address", address.removeprefix("内蒙古自治区"))
        block.household.accept(row, "address_without_region")
    former = ["伊克昭盟东胜市伊金霍洛街3号", "哲里木盟通辽市和平路8号", "呼伦贝尔盟海拉尔市中央街1号", "昭乌达盟赤峰县"]
    for at, row in enumerate(block.rows(HOUSEHOLD)):
        block.household.change(row, "household_address", former[at % len(former)])
        block.household.accept(row, "address_abolished_place")
