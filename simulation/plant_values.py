"""Defects and oddities of dates, regions, codes, phone numbers and amounts in the registers of people."""

from __future__ import annotations

from datetime import date

import numpy as np

from simulation.block import Block
from simulation.calendar import DATE_SPELLINGS, MOMENT_SPELLINGS, NO_END, SENTINELS, excel_serial, full_width, iso
from simulation.regions import CITIES
from simulation.vocabulary import EDUCATION, ETHNICITY, INSURANCE_STATE, MARRIAGE_EVENT, NULL_TOKENS, SEX

HOUSEHOLD, PERMIT, INSURANCE = "household_registration", "residence_permit", "social_insurance"
PHONES = [
    ("13900001234、0471-4567890", "13900001234;0471-4567890"),
    ("13900001234,13900005678", "13900001234;13900005678"),
    ("13900001234；13900005678", "13900001234;13900005678"),
    ("13900001234 13900005678", "13900001234;13900005678"),
    ("13900001234/13900005678", "13900001234;13900005678"),
    (full_width("13900001234"), "13900001234"),
]

AMOUNTS = [("8,500.00", "8500.00"), ("12,345.60", "12345.60"), ("1,234,567", "1234567.00")]


def plant_values(block: Block) -> None:
    """What happens to single values other than numbers and names of people."""
    _date_spellings(block)
    _moments(block)
    _sentinels(block)
    _bad_birth_dates(block)
    _bad_dates(block)
    _regions(block)
    _codes(block)
    _phones(block)
    _amounts(block)
    _nothing(block)
    _several_at_once(block)


def _date_spellings(block: Block) -> None:
    for at, row in enumerate(block.rows(HOUSEHOLD, max(block.each, len(DATE_SPELLINGS)))):
        due = str(block.household.column("birth_date")[row])
        block.household.put(row, "birth_date", DATE_SPELLINGS[at % len(DATE_SPELLINGS)](due))
        block.household.accept(row, "date_spelling")
    for row in block.rows(PERMIT):
        issued = block.permit.sent["issued_on"][row]
        block.permit.put(row, "issued_on", date.fromisoformat(issued))
        block.permit.put(row, "valid_from", int(excel_serial(issued)))
        block.permit.accept(row, "date_excel_cell")
    for row in block.rows(PERMIT):
        block.permit.put(row, "valid_from", excel_serial(block.permit.sent["valid_from"][row]))
        block.permit.accept(row, "date_excel_serial_text")


def _moments(block: Block) -> None:
    for at, row in enumerate(block.rows(INSURANCE, max(block.each, len(MOMENT_SPELLINGS)))):
        moment = block.insurance.sent["updated_at"][row]
        block.insurance.put(row, "updated_at", MOMENT_SPELLINGS[at % len(MOMENT_SPELLINGS)](moment))
        block.insurance.accept(row, "moment_spelling")
    for row in block.rows(INSURANCE):
        block.insurance.put(row, "updated_at", "不详")
        block.insurance.quarantine(row, "moment_unreadable", "updated_at.form")


def _sentinels(block: Block) -> None:
    for at, row in enumerate(block.rows(PERMIT, max(block.each, len(SENTINELS)))):
        block.permit.put(row, "valid_to", SENTINELS[at % len(SENTINELS)], None)
        block.permit.accept(row, "date_sentinel")
    for row in block.rows(INSURANCE):
        block.insurance.put(row, "benefit_paid_to", "9999-12-31", None)
        block.insurance.accept(row, "date_sentinel")
    for at, row in enumerate(block.weddings()):
        block.marriage.put(row, "registered_on", SENTINELS[at % len(SENTINELS)])
        block.marriage.quarantine(row, "date_sentinel_required", "registered_on.required")
    for row in block.rows("death_registration"):
        block.death.put(row, "died_on", "9999-12-31")
        block.death.quarantine(row, "date_sentinel_required", "died_on.required")


def _bad_birth_dates(block: Block) -> None:
    table = block.household
    for row in block.rows(HOUSEHOLD):
        table.put(row, "birth_date", "2099-01-01")
        table.quarantine(row, "birth_date_future", "birth_date.not_future", "birth_date_matches_id")
    for row in block.rows(HOUSEHOLD):
        table.put(row, "birth_date", "18991231")
        table.quarantine(row, "birth_date_before_1900", "birth_date.plausible", "birth_date_matches_id")
    for at, row in enumerate(block.rows(HOUSEHOLD)):
        table.put(row, "birth_date", ["2024-13-45", "不详", "1980-02-30"][at % 3])
        table.quarantine(row, "date_unreadable", "birth_date.form")
    for person in block.choose(block.within(HOUSEHOLD)):
        table.change(int(block.row[HOUSEHOLD][person]), "birth_date", iso(int(block.people.born[person]) - 31))
        table.flag(int(block.row[HOUSEHOLD][person]), "birth_date_mismatch", "birth_date_matches_id")


def _bad_dates(block: Block) -> None:
    for row in block.weddings():
        block.marriage.put(row, "registered_on", "2099-05-20")
        block.marriage.quarantine(row, "registered_in_future", "registered_on.not_future")
    for row in block.rows("death_registration"):
        block.death.put(row, "died_on", "2099-01-01")
        block.death.quarantine(row, "died_in_future", "died_on.not_future")
    for at, row in enumerate(block.rows(PERMIT)):
        block.permit.put(row, "valid_to", NO_END[at % len(NO_END)], None)
        block.permit.accept(row, "no_end_in_words")
    for at, row in enumerate(block.rows(PERMIT)):
        block.permit.put(row, "valid_to", ["2026-02-30", "2024-13-45"][at % 2])
        block.permit.quarantine(row, "date_unreadable", "valid_to.form")
    for row in block.rows(PERMIT):
        start = block.permit.sent["valid_from"][row]
        block.permit.change(row, "valid_to", iso(int(np.datetime64(start, "D").astype(int)) - 10))
        block.permit.flag(row, "validity_reversed", "validity_in_order")


def _regions(block: Block) -> None:
    for row in block.rows(HOUSEHOLD):
        block.household.change(row, "native_region", "159999")
        block.household.flag(row, "region_unknown", "native_region.known")
    for row in block.rows(INSURANCE):
        block.insurance.change(row, "insured_region", "草原")
        block.insurance.flag(row, "region_unknown", "insured_region.known")
    for at, row in enumerate(block.rows(PERMIT, 2 * block.each)):
        code = block.permit.sent["residence_region"][row][:4] + "00"
        spelled = [CITIES[code], CITIES[code].removesuffix("市").removesuffix("盟")][at % 2]
        block.permit.put(row, "residence_region", spelled, code)
        block.permit.accept(row, "region_as_name")
    for at, row in enumerate(block.rows(PERMIT, 2 * block.each)):
        code = block.permit.sent["residence_region"][row]
        block.permit.put(row, "residence_region", code + ["001", "001001"][at % 2])
        block.permit.accept(row, "region_long_code")


def _codes(block: Block) -> None:
    household, alone = block.household, block.only(HOUSEHOLD)
    for column, value in (("ethnicity", "蒙古人"), ("education_level", "博士后"), ("sex", "雄")):
        for row in block.rows(HOUSEHOLD, also=alone):
            household.change(row, column, value)
            household.flag(row, "code_unlisted", f"{column}.listed")
    for row in block.rows(INSURANCE):
        block.insurance.put(row, "insurance_type", "商业保险")
        block.insurance.quarantine(row, "code_unlisted", "insurance_type.listed")
    for row in block.weddings():
        block.marriage.put(row, "marriage_event", "订婚")
        block.marriage.quarantine(row, "code_unlisted", "marriage_event.listed")
    for column, codes in (("sex", SEX), ("ethnicity", ETHNICITY), ("education_level", EDUCATION)):
        for at, row in enumerate(block.rows(HOUSEHOLD, also=block.people.adult)):
            code = str(household.column(column)[row])
            household.put(row, column, [codes[code][-1], code][at % 2])
            household.accept(row, "code_other_label")
    for row in block.rows(INSURANCE):
        code = str(block.insurance.column("state")[row])
        block.insurance.put(row, "state", INSURANCE_STATE[code][1])
        block.insurance.accept(row, "code_other_label")
    for row in block.weddings():
        block.marriage.put(row, "marriage_event", MARRIAGE_EVENT["1"][1])
        block.marriage.accept(row, "code_other_label")


def _phones(block: Block) -> None:
    for source, table in ((PERMIT, block.permit), (INSURANCE, block.insurance)):
        for at, row in enumerate(block.rows(source, max(block.each, len(PHONES)))):
            table.put(row, "phone", *PHONES[at % len(PHONES)])
            table.accept(row, "phone_several")
        for at, row in enumerate(block.rows(source)):
            table.change(row, "phone", ["0000000", "12345678", "11111111111"][at % 3])
            table.flag(row, "phone_dummy", "phone.dummy")
        for at, row in enumerate(block.rows(source)):
            table.change(row, "phone", ["123", "4567"][at % 2])
            table.flag(row, "phone_form", "phone.form")


def _amounts(block: Block) -> None:
    table = block.insurance
    for at, row in enumerate(block.rows(INSURANCE)):
        table.put(row, "contribution_base", *AMOUNTS[at % len(AMOUNTS)])
        table.accept(row, "amount_thousands")
    for row in block.rows(INSURANCE):
        table.put(row, "contribution_base", "若干", None)
        table.flag(row, "amount_unreadable", "contribution_base.form")
    for row in block.rows(INSURANCE):
        table.change(row, "contribution_base", "-500.00")
        table.flag(row, "amount_negative", "contribution_base.not_negative")


def _nothing(block: Block) -> None:
    columns = ["education_level", "former_name", "household_address", "sex", "native_region", "moved_in_on"]
    for at, row in enumerate(block.rows(HOUSEHOLD, max(block.each, len(NULL_TOKENS)))):
        block.household.put(row, columns[at % len(columns)], NULL_TOKENS[at % len(NULL_TOKENS)], None)
        block.household.accept(row, "null_token")
    for at, row in enumerate(block.rows(PERMIT)):
        block.permit.put(row, "phone", NULL_TOKENS[at % len(NULL_TOKENS)], None)
        block.permit.accept(row, "null_token")


def _several_at_once(block: Block) -> None:
    table = block.insurance
    for row in block.rows(INSURANCE):
        table.put(row, "person_name", "锟斤拷3")
        table.put(row, "phone", "0000000")
        table.put(row, "contribution_base", "-1.00")
        table.quarantine(
            row,
            "several_rules_at_once",
            "person_name.legible",
            "person_name.digits",
            "phone.dummy",
            "contribution_base.not_negative",
        )
