"""Rules that hold e-licences against the registers of persons and organisations; each gives the rows at fault."""

from collections.abc import Callable, Mapping, Sequence

import ibis.expr.types as ir

from foundation_dbs.credit.findings import ENDED
from foundation_dbs.credit.in_force import IN_FORCE
from foundation_dbs.e_license.holding import UNKNOWN_TO_REGISTERS, about_subject, at_fault, by_holder, stated_subject
from pipelines.modelling import Route, finding

HELD = {"known": "license_holder"}


def of_known(is_person: bool) -> Callable[[ir.Table, ir.Table], ir.Table]:
    """What was found of a licence leads to whom its row states."""

    def subjects(known: ir.Table, e_license: ir.Table) -> ir.Table:
        rows = e_license.semi_join(known, "license_identifier")
        return rows.select(subject=stated_subject(rows, is_person))

    return subjects


def to_subject(subject: str) -> Callable[[ir.Table, ir.Table], ir.Table]:
    """A delivered version leads to the subject that was found for its licence."""

    def subjects(e_license: ir.Table, known: ir.Table) -> ir.Table:
        return known.semi_join(e_license, "license_identifier").select(subject)

    return subjects


def unknown_routes(is_person: bool) -> Mapping[str, Route | Sequence[Route]]:
    return {"e_license": by_holder(is_person), "known": of_known(is_person)}


def _unknown(known: ir.Table) -> ir.Table:
    nobody = known.filter(known.credit_code.isnull() & known.id_number.isnull())
    return nobody.filter(~nobody.holder_code_type.isin(UNKNOWN_TO_REGISTERS).fill_null(False))


@finding(
    title="电子证照的持证主体（组织）无法确定",
    about="legal_entity",
    inputs=HELD,
    affected=unknown_routes(is_person=False),
)
def license_holder_unknown(e_license: ir.Table, known: ir.Table) -> ir.Table:
    """An e-licence is held by an organisation that no register knows by what the licence states."""
    return at_fault(e_license, _unknown(known), is_person=False)


@finding(
    title="电子证照的持证主体（个人）无法确定",
    about="person",
    inputs=HELD,
    affected=unknown_routes(is_person=True),
)
def license_person_unknown(e_license: ir.Table, known: ir.Table) -> ir.Table:
    """An e-licence is held by a person whom nobody knows by what the licence states.

    Holders by a passport or another document, of which no register tells, are not looked for.
    """
    return at_fault(e_license, _unknown(known), is_person=True)


@finding(
    title="主体已注销、吊销或撤销，电子证照仍为有效",
    about="legal_entity",
    inputs=HELD,
    affected={
        "known": "credit_code",
        "e_license": to_subject("credit_code"),
        "legal_entity": "credit_code",
    },
)
def license_of_ended_entity(e_license: ir.Table, known: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """An e-licence is in force although its holder is cancelled, revoked or withdrawn in the register."""
    ended = legal_entity.filter(legal_entity.state.isin(ENDED)).select("credit_code")
    return about_subject(
        e_license, known.filter(known.state == IN_FORCE).semi_join(ended, "credit_code"), "credit_code"
    )


@finding(
    title="持证人已死亡，电子证照仍为有效",
    about="person",
    inputs=HELD,
    affected={"known": "id_number", "e_license": to_subject("id_number"), "person": "id_number"},
)
def license_of_dead_person(e_license: ir.Table, known: ir.Table, person: ir.Table) -> ir.Table:
    """An e-licence is in force although the person who holds it has died."""
    dead = person.filter(person.died_on.notnull()).select("id_number")
    return about_subject(e_license, known.filter(known.state == IN_FORCE).semi_join(dead, "id_number"), "id_number")
