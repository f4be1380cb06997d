"""Rules on certificates of qualification and of practice across tables; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit import in_force
from foundation_dbs.credit.findings import ENDED
from foundation_dbs.credit.in_force import ENDED_LICENSES, IN_FORCE
from pipelines.modelling import finding

IN_PRACTICE = "执业"
VALID, OVER = "有效", ("注销", "撤销")
ENTITY_GOES_ON = "1"  # of entity_state
# Who may head what: 律师法 第十五条、第十六条, 公证法 第十条.
HEADED_BY = {"律所": "律师", "公证": "公证员"}
QUALIFICATION, PRACTISING, LEGAL_SERVICE = (
    "qualification_certificate",
    "practising_certificate",
    "legal_service_organisation",
)


@finding(
    title="资格证书发证机关的统一社会信用代码不在校核清单中",
    about="legal_entity",
    affected={"qualification_certificate": "issuer_code", "credit_code_check": "credit_code"},
)
def certificate_issuer_unknown(qualification_certificate: ir.Table, credit_code_check: ir.Table) -> ir.Table:
    """A certificate names an issuer whose credit code the 校核 list does not have."""
    given = qualification_certificate.filter(qualification_certificate.issuer_code.notnull())
    unknown = given.anti_join(credit_code_check, given.issuer_code == credit_code_check.credit_code)
    return _at_fault(unknown, QUALIFICATION, "issuer_code")


def holders_of_numbers(current_license: ir.Table, qualification_certificate: ir.Table) -> ir.Table:
    """The people whose certificates have the numbers of some e-licences."""
    numbered = qualification_certificate.semi_join(
        current_license, qualification_certificate.certificate_number == current_license.license_number.upper()
    )
    return numbered.select("id_number")


@finding(
    title="资格证书与同一编号的电子证照不一致（持证人或状态）",
    affected={"qualification_certificate": "id_number", "current_license": holders_of_numbers},
)
def certificate_unlike_e_license(qualification_certificate: ir.Table, current_license: ir.Table) -> ir.Table:
    """The e-licence of a certificate's number says the opposite of its state; or, of one name, has another holder."""
    licenses = current_license.select(
        "type_name", "holder_code", _number=current_license.license_number.upper(), _state="state"
    )
    both = qualification_certificate.inner_join(
        licenses, qualification_certificate.certificate_number == licenses["_number"]
    )
    same = ibis.window(group_by=["certificate_type", "certificate_number"])
    is_holder = (both.holder_code == both.id_number).fill_null(False)
    # A renewal leaves what it replaces behind: what is in force anywhere counts, and whom any of them names.
    is_in_force = (is_holder & (both["_state"] == IN_FORCE)).cast("int64").max().over(same) == 1
    is_named = is_holder.cast("int64").max().over(same) == 1
    is_other = ~is_holder & ~is_named & (both.type_name == both.certificate_name)
    has_ended = is_holder & (both.state == VALID) & both["_state"].isin(ENDED_LICENSES) & ~is_in_force
    is_revived = is_holder & both.state.isin(OVER) & (both["_state"] == IN_FORCE)
    unlike = both.mutate(_unlike=(is_other | has_ended | is_revived).fill_null(False))
    return _at_fault(unlike.filter(unlike["_unlike"]), QUALIFICATION).distinct()


@finding(
    title="执业所依据的资格证书不在资格证书登记中，或已注销、撤销",
    affected={"practising_certificate": "id_number", "qualification_certificate": "id_number"},
)
def practising_without_qualification(practising_certificate: ir.Table, qualification_certificate: ir.Table) -> ir.Table:
    """Somebody practises, and has no certificate of qualification of the number that is given."""
    standing = qualification_certificate.filter(~qualification_certificate.state.isin(OVER).fill_null(False))
    held = standing.select("id_number", qualification_number="certificate_number")
    return _at_fault(_in_practice(practising_certificate).anti_join(held, ["id_number", "qualification_number"]))


def working_at(legal_entity: ir.Table, practising_certificate: ir.Table) -> ir.Table:
    """The people who practise at some of the organisations."""
    return practising_certificate.semi_join(
        legal_entity, practising_certificate.unit_code == legal_entity.credit_code
    ).select("id_number")


@finding(
    title="执业机构不在法人登记或校核清单中",
    affected={"practising_certificate": "id_number", "legal_entity": working_at},
)
def practising_unit_unknown(practising_certificate: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """Somebody practises at an organisation that no register has."""
    given = _in_practice(practising_certificate).filter(lambda rows: rows.unit_code.notnull())
    return _at_fault(given.anti_join(legal_entity, given.unit_code == legal_entity.credit_code))


@finding(
    title="执业机构已注销、吊销或撤销，执业证书仍为执业",
    affected={"practising_certificate": "id_number", "legal_entity": working_at},
)
def practising_unit_ended(practising_certificate: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """Somebody practises at an organisation that has ended."""
    ended = legal_entity.filter(legal_entity.state.isin(ENDED)).select(unit_code="credit_code")
    return _at_fault(_in_practice(practising_certificate).semi_join(ended, "unit_code"))


@finding(
    title="执业证书已被行政处罚吊销，状态仍为执业",
    affected={"practising_certificate": "id_number", "penalty": "id_number"},
)
def practising_after_revocation(practising_certificate: ir.Table, penalty: ir.Table) -> ir.Table:
    """A penalty that stands has revoked the certificate of somebody who still practises by it."""
    rows = _in_practice(practising_certificate)
    revoked = in_force.revoked(rows, penalty, "id_number", "practising_number")
    return _at_fault(revoked.select("id_number", "_batch", "_row")).distinct()


def headed_by(practising_certificate: ir.Table, legal_service_organisation: ir.Table) -> ir.Table:
    """The legal service organisations that the holders of some certificates head."""
    return legal_service_organisation.semi_join(
        practising_certificate, legal_service_organisation.representative_id == practising_certificate.id_number
    ).select("credit_code")


@finding(
    title="律师事务所、公证机构负责人无相应执业证书（律师法第十五条、第十六条，公证法第十条）",
    about="legal_entity",
    affected={"legal_service_organisation": "credit_code", "practising_certificate": headed_by},
)
def head_without_practising_certificate(
    legal_service_organisation: ir.Table, practising_certificate: ir.Table
) -> ir.Table:
    """A law firm or notary office that goes on is headed by somebody who does not practise as a lawyer or notary."""
    asked = legal_service_organisation.entity_type.cases(*HEADED_BY.items(), else_=ibis.null("string"))
    headed = legal_service_organisation.mutate(_asked=asked).filter(
        lambda rows: (rows.state == ENTITY_GOES_ON) & rows["_asked"].notnull() & rows.representative_id.notnull()
    )
    practise = _in_practice(practising_certificate).select(representative_id="id_number", _asked="certificate_type")
    return _at_fault(headed.anti_join(practise, ["representative_id", "_asked"]), LEGAL_SERVICE, "credit_code")


def _in_practice(practising_certificate: ir.Table) -> ir.Table:
    return practising_certificate.filter(practising_certificate.state == IN_PRACTICE)


def _at_fault(rows: ir.Table, source: str = PRACTISING, subject: str = "id_number") -> ir.Table:
    return rows.select(subject=rows[subject], source=ibis.literal(source), batch=rows["_batch"], row=rows["_row"])
