"""Who heads legal entities, held against the persons that are known."""

import ibis.expr.types as ir

from pipelines.modelling import Returned, model


def headed_by(people: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """The entities whose heads these people are."""
    return legal_entity.semi_join(people, legal_entity.representative_id == people.id_number).select("credit_code")


@model(
    title="法定代表人（负责人）",
    key="credit_code",
    affected={"legal_entity": "credit_code", "person": headed_by},
    columns={"is_known_person": "是否在自然人库中", "died_on": "死亡日期"},
    returns=Returned("legal_entity"),
)
def legal_representative(legal_entity: ir.Table, person: ir.Table) -> ir.Table:
    """The head of each legal entity as its register has it, whether that is a known person, and when that one died.

    One row per credit_code of which a head is known by number or name. Heads of religious venues are left out: that
    they are tells of their religion (PIPL 第二十八条). Source: 2024-19 第十四条.
    """
    headed = legal_entity.filter(legal_entity.representative_id.notnull() | legal_entity.representative_name.notnull())
    heads = headed.select("credit_code", "representative_id", "representative_name")
    people = person.select(representative_id="id_number", died_on="died_on")
    known = heads.left_join(people, "representative_id")
    return known.select(
        "credit_code",
        "representative_id",
        "representative_name",
        is_known_person=known.representative_id_right.notnull(),
        died_on=known.died_on,
    )
