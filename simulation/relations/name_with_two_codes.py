"""Finding `name_with_two_codes`: two enterprises of one name."""

from __future__ import annotations

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects

MARKET, CHECK = "market_entity", "credit_code_check"


def _plant(organisations: Subjects) -> None:
    entities = organisations.world.organisations
    chosen = organisations[MARKET].rows(2 * organisations.each)
    for first, other in zip(chosen[::2], chosen[1::2], strict=False):
        for source in (MARKET, CHECK):
            organisations[source].table.change(other, "entity_name", entities.name[first])
        for at in (first, other):
            organisations.truth.finding("legal_entity", "name_with_two_codes", entities.credit_code[at], rows=2)


PLAN = [Relation(About.ORGANISATIONS, _plant, 204)]
