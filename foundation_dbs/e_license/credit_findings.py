"""Rules that hold e-licences against what the credit database publishes; each gives the rows at fault."""

from collections.abc import Callable

import ibis.expr.types as ir

from foundation_dbs.credit.in_force import IN_FORCE, revoked, unlike
from foundation_dbs.e_license.findings import HELD, to_subject
from foundation_dbs.e_license.holding import about_subject
from pipelines.modelling import finding

ORGANISATION, PERSON = "credit_code", "id_number"


def _of_number(subject: str) -> Callable[[ir.Table, ir.Table], ir.Table]:
    """A publication leads to the holders of the e-licences that have its number."""

    def subjects(licence: ir.Table, known: ir.Table) -> ir.Table:
        return known.semi_join(licence, known.license_number == licence.licence_number).select(subject)

    return subjects


def _unlike(e_license: ir.Table, known: ir.Table, licence: ir.Table, subject: str) -> ir.Table:
    licensed = known.select("license_identifier", "license_number", _holder=known[subject], _state="state")
    return about_subject(e_license, unlike(licence, licensed, subject), subject)


def _revoked(e_license: ir.Table, known: ir.Table, penalty: ir.Table, subject: str) -> ir.Table:
    numbered = known.filter((known.state == IN_FORCE) & known.license_number.notnull())
    valid = numbered.select("license_identifier", subject, licence_number="license_number")
    return about_subject(e_license, revoked(valid, penalty, subject), subject)


@finding(
    title="电子证照的状态与同一编号的行政许可公示不一致",
    about="legal_entity",
    inputs=HELD,
    affected={
        "known": ORGANISATION,
        "e_license": to_subject(ORGANISATION),
        "licence": (ORGANISATION, _of_number(ORGANISATION)),
    },
)
def e_license_unlike_publication(e_license: ir.Table, known: ir.Table, licence: ir.Table) -> ir.Table:
    """An organisation's e-licence is in force, or not, and the published licence of its number says the opposite."""
    return _unlike(e_license, known, licence, ORGANISATION)


@finding(
    title="个人电子证照的状态与同一编号的行政许可公示不一致",
    about="person",
    inputs=HELD,
    affected={
        "known": PERSON,
        "e_license": to_subject(PERSON),
        "licence": (PERSON, _of_number(PERSON)),
    },
)
def e_license_of_person_unlike_publication(e_license: ir.Table, known: ir.Table, licence: ir.Table) -> ir.Table:
    """A person's e-licence is in force, or not, and the published licence of its number says the opposite."""
    return _unlike(e_license, known, licence, PERSON)


@finding(
    title="证照已被行政处罚吊销，电子证照仍为有效",
    about="legal_entity",
    inputs=HELD,
    affected={"known": ORGANISATION, "e_license": to_subject(ORGANISATION), "penalty": ORGANISATION},
)
def revoked_e_license_still_valid(e_license: ir.Table, known: ir.Table, penalty: ir.Table) -> ir.Table:
    """A penalty has revoked a licence of an organisation, and the e-licence of its number is in force."""
    return _revoked(e_license, known, penalty, ORGANISATION)


@finding(
    title="个人证照已被行政处罚吊销，电子证照仍为有效",
    about="person",
    inputs=HELD,
    affected={"known": PERSON, "e_license": to_subject(PERSON), "penalty": PERSON},
)
def revoked_e_license_of_person_still_valid(e_license: ir.Table, known: ir.Table, penalty: ir.Table) -> ir.Table:
    """A penalty has revoked a licence of a person, and the e-licence of its number is in force."""
    return _revoked(e_license, known, penalty, PERSON)
