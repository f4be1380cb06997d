"""One organisation's name, written in its register and the check list as two programs have it: no conflict."""

from __future__ import annotations

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects
from simulation.world.names import SINCE_2022, with_lookalikes

MARKET, CIVIL, CHECK = "market_entity", "civil_organisation", "credit_code_check"


def _parentheses(organisations: Subjects) -> None:
    market, check = organisations[MARKET], organisations[CHECK].table
    for at, row in enumerate(market.rows(2 * organisations.each)):
        name = organisations.world.organisations.name[row].replace("（集团）", "")
        market.table.change(row, "entity_name", f"{name[:-4]}（集团）{name[-4:]}")
        check.change(row, "entity_name", f"{name[:-4]}({['集团', '集团 '][at % 2]}){name[-4:]}")
        check.accept(row, "name_parentheses")


def _lookalikes(organisations: Subjects) -> None:
    market, check = organisations[MARKET], organisations[CHECK].table
    for row in market.rows():
        name = f"内蒙古金门民{organisations.world.organisations.name[row]}"
        market.table.change(row, "entity_name", name)
        check.change(row, "entity_name", with_lookalikes(name))
        check.accept(row, "name_lookalike")


def _new_characters(organisations: Subjects) -> None:
    market, civil, check = (organisations[source] for source in (MARKET, CIVIL, CHECK))
    first = organisations.world.organisations.market
    signs = list(SINCE_2022)
    for at, row in enumerate([*market.rows(), *(row + first for row in civil.rows(1))]):
        table, own = (market.table, row) if row < first else (civil.table, row - first)
        name = f"{signs[at % len(signs)]}{organisations.world.organisations.name[row]}"
        table.change(own, "entity_name", name)
        check.table.change(row, "entity_name", name)
        check.table.accept(row, "name_gb18030_2022")


PLAN = [
    Relation(About.ORGANISATIONS, _parentheses, 130),
    Relation(About.ORGANISATIONS, _lookalikes, 131),
    Relation(About.ORGANISATIONS, _new_characters, 315),
]
