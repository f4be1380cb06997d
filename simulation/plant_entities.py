"""Defects and oddities of single records in the registers of legal entities."""

from __future__ import annotations

import numpy as np

from simulation.calendar import NO_END, full_width
from simulation.checksums import CREDIT_ALPHABET, credit_check
from simulation.names import LOST, MOJIBAKE, with_lookalikes
from simulation.plant_ids import fifteen, respell_number, wrong_check
from simulation.regions import CITIES, DEVELOPMENT_ZONES, NEVER_VALID
from simulation.registers import Registers
from simulation.table import Broken
from simulation.vocabulary import ENTITY_STATE, NULL_TOKENS

# Spelling → amount in the main unit of the currency, and the currency.
CAPITAL = [
    ("500", "500.0000", "CNY"),
    ("5000000元", "5000000.0000", "CNY"),
    ("5,000,000.00元", "5000000.0000", "CNY"),
    ("3,000(万)", "30000000.0000", "CNY"),
    ("3000（万）", "30000000.0000", "CNY"),
    ("500万", "5000000.0000", "CNY"),
    ("500.5万元", "5005000.0000", "CNY"),
    ("500万人民币", "5000000.0000", "CNY"),
    ("500万元人民币", "5000000.0000", "CNY"),
    ("人民币500万元", "5000000.0000", "CNY"),
    ("500(万元)", "5000000.0000", "CNY"),
    ("1.2亿元", "120000000.0000", "CNY"),
    ("2亿", "200000000.0000", "CNY"),
    ("５００万元", "5000000.0000", "CNY"),
    ("100(万美元)", "1000000.0000", "USD"),
    ("100万美元", "1000000.0000", "USD"),
    ("美元100万元", "1000000.0000", "USD"),
    ("300万港元", "3000000.0000", "HKD"),
    ("300万港币", "3000000.0000", "HKD"),
    ("50万欧元", "500000.0000", "EUR"),
    ("2000万日元", "20000000.0000", "JPY"),
    ("30万英镑", "300000.0000", "GBP"),
    ("50000万韩元", "500000000.0000", "KRW"),
]


def plant_entities(registers: Registers) -> None:
    """What happens to the records of enterprises and organisations."""
    _code_spellings(registers)
    _wrong_codes(registers)
    _unknown_regions(registers)
    _capital(registers)
    _names(registers)
    _representatives(registers)
    _dates(registers)
    _other_values(registers)
    _records(registers)


def _code_spellings(registers: Registers) -> None:
    spellings = [
        ("credit_lower_case", str.lower),
        ("credit_full_width_or_spaced", full_width),
        ("credit_full_width_or_spaced", lambda code: f" {code[:2]} {code[2:8]} {code[8:]}\u3000"),
    ]
    for kind, spell in spellings:
        for table, rows in (
            (registers.market, registers.in_market()),
            (registers.civil, registers.in_civil(1)),
        ):
            for row in rows:
                table.put(row, "credit_code", spell(table.sent["credit_code"][row]))
                table.accept(row, kind)


def _wrong_codes(registers: Registers) -> None:
    for table, rows in ((registers.market, registers.in_market()), (registers.civil, registers.in_civil())):
        for row in rows:
            code = table.sent["credit_code"][row]
            check = CREDIT_ALPHABET[(CREDIT_ALPHABET.index(code[17]) + 5) % 31]
            table.put(row, "credit_code", code[:17] + check)
            table.quarantine(row, "credit_check_digit", "credit_code.check_digit")
    for at, row in enumerate(registers.in_market()):
        code = registers.market.sent["credit_code"][row]
        registers.market.put(row, "credit_code", [code[:17], code[:9] + "O" + code[10:], code[:8]][at % 3])
        registers.market.quarantine(row, "credit_form", "credit_code.form")
    for row in registers.in_market():
        registers.market.put(row, "credit_code", "无")
        registers.market.quarantine(row, "required_missing", "credit_code.required")


def _unknown_regions(registers: Registers) -> None:
    """Development zones issue codes; both the register and the check list carry them, so both are flagged."""
    for at, row in enumerate(registers.in_market()):
        first17 = registers.entities.credit_code[row]
        first17 = first17[:2] + DEVELOPMENT_ZONES[at % len(DEVELOPMENT_ZONES)] + first17[8:17]
        for table in (registers.market, registers.check):
            table.change(row, "credit_code", first17 + credit_check(first17))
            table.flag(row, "credit_region_unknown", "credit_code.region")


def _capital(registers: Registers) -> None:
    market, civil = registers.market, registers.civil
    for (spelling, amount, currency), row in zip(CAPITAL, registers.in_market(len(CAPITAL)), strict=True):
        market.put(row, "registered_capital", spelling, amount)
        market.due["capital_currency"][row] = currency
        market.accept(row, "capital_unit")
    for table, rows in ((market, registers.in_market()), (civil, registers.in_civil())):
        for row in rows:
            table.put(row, "registered_capital", "若干", None)
            table.due["capital_currency"][row] = None
            table.flag(row, "capital_unreadable", "registered_capital.form")
    for at, row in enumerate(registers.in_market()):
        market.put(row, "registered_capital", NULL_TOKENS[at % len(NULL_TOKENS)], None)
        market.due["capital_currency"][row] = None
        market.accept(row, "null_token")


def _names(registers: Registers) -> None:
    market, civil, check, first = registers.market, registers.civil, registers.check, registers.entities.market
    for at, row in enumerate(registers.in_market(2 * registers.each)):
        name = registers.entities.name[row].replace("（集团）", "")
        market.change(row, "entity_name", f"{name[:-4]}（集团）{name[-4:]}")
        check.change(row, "entity_name", f"{name[:-4]}({['集团', '集团 '][at % 2]}){name[-4:]}")
        check.accept(row, "name_parentheses")
    for row in registers.in_market():
        market.change(row, "entity_name", f"内蒙古金门民{registers.entities.name[row]}")
        check.change(row, "entity_name", with_lookalikes(market.sent["entity_name"][row]))
        check.accept(row, "name_lookalike")
    for row in registers.in_market():
        market.put(row, "entity_name", f"\u3000{market.sent['entity_name'][row]} ", market.sent["entity_name"][row])
        market.accept(row, "name_padded")
    for row in registers.in_civil():
        civil.put(row, "entity_name", MOJIBAKE[2] + "协会")
        civil.quarantine(row, "name_mojibake", "entity_name.legible")
    # A record missing from the check list makes its code unknown there.
    for row in registers.in_civil():
        check.put(row + first, "entity_name", LOST[0])
        check.quarantine(row + first, "name_mojibake", "entity_name.legible")
        registers.truth.finding("legal_entity", "code_unknown_to_check", registers.entities.credit_code[row + first])
    for row in registers.in_market():
        market.put(row, "entity_name", "NULL")
        market.quarantine(row, "required_missing", "entity_name.required")


def _representatives(registers: Registers) -> None:
    market = registers.market
    for row in registers.in_market():
        market.put(row, "representative_id", wrong_check(market.sent["representative_id"][row]))
        market.quarantine(row, "id_check_digit", "representative_id.check_digit")
    for row in registers.in_market():
        market.put(row, "representative_id", "1.50102E+17")
        market.quarantine(row, "id_excel_scientific", "representative_id.form")
    born_before_2000 = np.array([registers.representative(at)[6:10] < "2000" for at in range(len(registers.entities))])
    for table, rows in (
        (market, registers.in_market(also=born_before_2000)),
        (registers.civil, registers.in_civil(also=born_before_2000)),
    ):
        for row in rows:
            respell_number(table, row, "id_15_digits", fifteen, "representative_id")
    for at, row in enumerate(registers.in_civil()):
        registers.civil.put(row, "representative_id", NULL_TOKENS[at % len(NULL_TOKENS)], None)
        registers.civil.accept(row, "null_token")


def _dates(registers: Registers) -> None:
    market, civil = registers.market, registers.civil
    for row in registers.in_market():
        market.put(row, "established_on", "2099-01-01")
        market.quarantine(row, "established_in_future", "established_on.not_future")
    for table, rows in ((market, registers.in_market()), (civil, registers.in_civil())):
        for at, row in enumerate(rows):
            table.put(row, "valid_to", NO_END[at % len(NO_END)], None)
            table.accept(row, "no_end_in_words")
    for at, row in enumerate(registers.in_market()):
        market.put(row, "valid_to", ["2024-02-30", "三十年", "2024-13-01"][at % 3])
        market.quarantine(row, "date_unreadable", "valid_to.form")
    for row in registers.in_market():
        market.put(row, "valid_to", "9999-12-31", None)
        market.accept(row, "date_sentinel")
    for row in registers.in_civil():
        civil.put(row, "established_on", civil.sent["established_on"][row].replace("-", "/"))
        civil.accept(row, "date_spelling")
    for row in registers.in_civil():
        civil.put(row, "established_on", "1880-01-01")
        civil.quarantine(row, "established_before_1900", "established_on.plausible")


def _other_values(registers: Registers) -> None:
    market, civil = registers.market, registers.civil
    for at, row in enumerate(registers.in_market(2 * registers.each)):
        code = market.sent["registered_region"][row][:4] + "00"
        spelled = [CITIES[code], CITIES[code].removesuffix("市").removesuffix("盟")][at % 2]
        market.put(row, "registered_region", spelled, code)
        market.accept(row, "region_as_name")
    for row in registers.in_civil():
        civil.put(row, "registered_region", "", None)
        civil.accept(row, "region_from_credit_code")
    for at, row in enumerate(registers.in_market()):
        market.change(row, "registered_region", NEVER_VALID[at % len(NEVER_VALID)])
        market.flag(row, "region_unknown", "registered_region.known")
    for row in registers.in_market():
        market.change(row, "phone", "0000000")
        market.flag(row, "phone_dummy", "phone.dummy")
    for at, row in enumerate(registers.in_market(max(registers.each, 4))):
        labels = ENTITY_STATE[str(market.due["state"][row])]
        market.put(row, "state", labels[at % len(labels)])
        market.accept(row, "code_other_label")
    for row in registers.in_civil():
        civil.change(row, "registered_address", "呼盟海拉尔市锟斤拷街")
        civil.flag(row, "address_mojibake", "registered_address.legible")


def _records(registers: Registers) -> None:
    market, check = registers.market, registers.check
    for how in (Broken.TOO_MANY_CELLS, Broken.TOO_FEW_CELLS):
        for row in registers.in_market():
            market.damage(row, how, "row.ragged")
    for row in registers.in_market():
        market.flag(market.copy_row(row), "row_repeated", "row.repeated")
    for row in registers.in_market():
        twin = market.copy_row(row)
        market.put(twin, "business_scope", "一般项目：谷物种植")
        for each in (row, twin):
            market.quarantine(each, "row_contradiction", "row.contradiction")
    for row in registers.in_market():
        market.change(row, "business_scope", "许可项目：食品销售\n一般项目：谷物种植, 牲畜饲养")
        market.accept(row, "cell_with_line_break")
    for row in registers.in_market():
        check.damage(row, Broken.UNDECODABLE, "row.undecodable")
        registers.truth.finding("legal_entity", "code_unknown_to_check", registers.entities.credit_code[row])
