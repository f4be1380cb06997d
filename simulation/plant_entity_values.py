"""Odd spellings, damaged names and codes, and spellings of "delete" in the registers of legal entities."""

from __future__ import annotations

import numpy as np

from simulation.calendar import SINCE, full_width, moments
from simulation.checksums import ORGANISATION_CHECKS, credit_check, organisation_check
from simulation.names import ILLEGIBLE, NOBODY, SINCE_2022
from simulation.plant_records import later
from simulation.plant_spellings import MARKS, PADDED, YEAR_ONE, respell
from simulation.plant_versions import DELETES, IN_FUTURE, UNKNOWN_FLAGS, key_alone, withdraw
from simulation.registers import Registers


def plant_entity_values(registers: Registers) -> None:
    """What other programs have made of the values of enterprises and organisations."""
    _marks(registers)
    _codes(registers)
    _dates(registers)
    _names(registers)
    _organisation_codes(registers)
    _deletes(registers)
    _versions(registers)


def _marks(registers: Registers) -> None:
    market, civil = registers.market, registers.civil
    for table, choose in ((market, registers.in_market), (civil, registers.in_civil)):
        for column in ("credit_code", "representative_id"):
            for at, row in enumerate(choose()):
                respell(table, row, column, "identifier_with_marks", MARKS[at % len(MARKS)])
    for at, row in enumerate(registers.in_market()):
        respell(registers.check, row, "credit_code", "identifier_with_marks", MARKS[(at + 1) % len(MARKS)])


def _codes(registers: Registers) -> None:
    for at, row in enumerate(registers.in_market()):
        respell(registers.market, row, "state", "code_full_width_or_padded", PADDED[at % len(PADDED)])
    for at, row in enumerate(registers.in_market()):
        respell(registers.check, row, "state", "code_full_width_or_padded", PADDED[at % len(PADDED)])
    for row in registers.in_market():
        respell(registers.market, row, "registered_region", "code_full_width_or_padded", full_width)


def _dates(registers: Registers) -> None:
    for table, rows in ((registers.market, registers.in_market()), (registers.civil, registers.in_civil())):
        for at, row in enumerate(rows):
            table.put(row, ["valid_to", "established_on"][at % 2], YEAR_ONE[at % len(YEAR_ONE)], None)
            table.accept(row, "date_year_one")


def _names(registers: Registers) -> None:
    market, civil, check, first = registers.market, registers.civil, registers.check, registers.entities.market
    for at, row in enumerate(registers.in_market(max(registers.each, 2))):
        market.put(row, "entity_name", NOBODY[at % len(NOBODY)])
        market.quarantine(row, "name_of_nobody", "entity_name.required")
    for at, row in enumerate(registers.in_civil()):
        civil.put(row, "entity_name", ILLEGIBLE[at % len(ILLEGIBLE)])
        civil.quarantine(row, "name_illegible", "entity_name.legible")
    for at, row in enumerate(registers.in_market()):
        market.put(row, "representative_name", NOBODY[at % len(NOBODY)], None)
        market.accept(row, "name_of_nobody")
    signs = list(SINCE_2022)
    for at, row in enumerate([*registers.in_market(), *(row + first for row in registers.in_civil(1))]):
        table, own = (market, row) if row < first else (civil, row - first)
        name = f"{signs[at % len(signs)]}{registers.entities.name[row]}"
        table.change(own, "entity_name", name)
        check.change(row, "entity_name", name)
        check.accept(row, "name_gb18030_2022")


def _organisation_codes(registers: Registers) -> None:
    """Codes that were issued around an organisation code whose own check (GB 11714) is another one."""
    # Codes of individual households (92) are made otherwise.
    made_so = np.array([not code.startswith("92") for code in registers.entities.credit_code])
    for row in registers.in_market(also=made_so):
        code = registers.entities.credit_code[row]
        right = organisation_check(code[8:16])
        wrong = ORGANISATION_CHECKS[(ORGANISATION_CHECKS.index(right) + 4) % len(ORGANISATION_CHECKS)]
        first17 = code[:16] + wrong
        for table in (registers.market, registers.check):
            table.change(row, "credit_code", first17 + credit_check(first17))
            table.flag(row, "organisation_check", "credit_code.organisation_check")


def _deletes(registers: Registers) -> None:
    market, check = registers.market, registers.check
    spelt = registers.in_market(max(registers.each, 3))
    alone, unknown = registers.in_market(), registers.in_market()
    when = sorted(moments(registers.rng, len(spelt) + len(alone) + len(unknown), 0, SINCE), reverse=True)
    for at, row in enumerate(spelt):
        market.accept(withdraw(market, row, DELETES[at % len(DELETES)], when.pop()), "deleted_in_another_spelling")
    for row in alone:
        gone = withdraw(market, row, "D", when.pop())
        key_alone(market, gone)
        market.due["capital_currency"][gone] = None
        market.accept(gone, "deleted_by_key_alone")
    for at, row in enumerate(unknown):
        copy = later(market, row, UNKNOWN_FLAGS[at % len(UNKNOWN_FLAGS)], when.pop())
        market.quarantine(copy, "delete_flag_unknown", "delete_flag.known")
    unlisted = registers.in_market()
    for at, (row, moment) in enumerate(zip(unlisted, moments(registers.rng, len(unlisted), 2, SINCE), strict=True)):
        check.accept(withdraw(check, row, DELETES[(at + 3) % len(DELETES)], moment), "deleted_in_another_spelling")
        registers.truth.finding("legal_entity", "code_unknown_to_check", registers.entities.credit_code[row])


def _versions(registers: Registers) -> None:
    market = registers.market
    for at, row in enumerate(registers.in_market()):
        copy = market.copy_row(row)
        market.change(copy, "updated_at", IN_FUTURE[at % len(IN_FUTURE)])
        market.change(copy, "registered_address", "内蒙古自治区呼和浩特市新城区未来路1号")
        market.from_future.add(copy)
        market.accept(row, "version_in_future_beside_another")
    for row in registers.in_market():
        market.put(row, "approved_on", "2099-01-01")
        market.quarantine(row, "event_in_future", "approved_on.not_future")
