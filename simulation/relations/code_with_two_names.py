"""Finding `code_with_two_names`: the check list knows a credit code under another name than its register."""

from __future__ import annotations

from simulation.planting import Relation
from simulation.source import About
from simulation.subjects import Subjects

MARKET, CIVIL, CHECK = "market_entity", "civil_organisation", "credit_code_check"


def _plant(organisations: Subjects) -> None:
    entities, truth = organisations.world.organisations, organisations.truth
    both = [*organisations[MARKET].rows(), *(row + entities.market for row in organisations[CIVIL].rows())]
    for at in both:
        organisations[CHECK].table.change(at, "entity_name", "原" + entities.name[at])
        truth.conflict("legal_entity", entities.credit_code[at], "entity_name", "code_with_two_names")
        truth.finding("legal_entity", "code_with_two_names", entities.credit_code[at], rows=2)


PLAN = [Relation(About.ORGANISATIONS, _plant, 203)]
