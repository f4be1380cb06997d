"""Codes that were issued although a rule denies them: the register and the check list carry them, and are flagged."""

from __future__ import annotations

import numpy as np

from simulation.defects.credit_codes import around_another_check, of_development_zone
from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects

MARKET, CHECK = "market_entity", "credit_code_check"


def _issue(organisations: Subjects, row: int, code: str, kind: str, rule: str) -> None:
    for source in (MARKET, CHECK):
        organisations[source].table.change(row, "credit_code", code)
        organisations[source].table.flag(row, kind, rule)


def _development_zones(organisations: Subjects) -> None:
    for at, row in enumerate(organisations[MARKET].rows()):
        code = of_development_zone(organisations.world.organisations.credit_code[row], at)
        _issue(organisations, row, code, "credit_region_unknown", "credit_code.region")


def _organisation_codes(organisations: Subjects) -> None:
    codes = organisations.world.organisations.credit_code
    # Codes of individual households (92) are made otherwise.
    made_so = np.array([not code.startswith("92") for code in codes])
    for row in organisations[MARKET].rows(also=made_so):
        code = around_another_check(codes[row])
        _issue(organisations, row, code, "organisation_check", "credit_code.organisation_check")


PLAN = [Relation(About.ORGANISATIONS, _development_zones, 115), Relation(About.ORGANISATIONS, _organisation_codes, 316)]
