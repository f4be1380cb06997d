"""Tables of persons and employers, each recomputed by another route from what changed."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, CodesOf, Computed, FormsOf, Returned, is_id_number, latest, model

VERSION_AND_CHECK = 6  # characters at the end of a licence's identifier (GB/T 36904)


@model(
    title="曾用号码",
    key=("alias", "source", "column"),
    inputs={"forms": FormsOf("id_number")},
    affected={"forms": "alias"},
    columns={"alias": "原号（15位）", "id_number": "公民身份号码"},
    returns=Returned("person"),
)
def former_number(forms: ir.Table) -> ir.Table:
    """15-digit numbers and the person that each stands for; flows back as the person does."""
    return forms.select("alias", "source", "column", id_number=forms["value"])


@model(
    title="配偶",
    key="id_number",
    affected={"stay": ["holder_id", "spouse_document"]},
    columns={"id_number": "公民身份号码", "spouse_id": "配偶证件号"},
    returns=Returned(("person.household_region", "residence_region"), withhold={"spouse_id": "PIPL 第二十八条"}),
)
def spouse(stay: ir.Table) -> ir.Table:
    """Each spouse in a registered stay, by two columns; flows back by a list of regions, one column withheld."""
    both = ibis.union(
        _one_way(stay, "holder_id", "spouse_document"),
        _one_way(stay.filter(is_id_number(stay.spouse_document)), "spouse_document", "holder_id"),
    )
    known = both.filter(both.id_number.notnull() & both.spouse_id.notnull())
    return latest(known, key="id_number", order=DELIVERED).select("id_number", "spouse_id", "residence_region")


def _one_way(stay: ir.Table, holder: str, other: str) -> ir.Table:
    return stay.select(*DELIVERED, "residence_region", id_number=stay[holder], spouse_id=stay[other])


def without_version(company: ir.Table) -> ir.StringValue:
    identifier = company.license_identifier
    return identifier.substr(0, identifier.length() - VERSION_AND_CHECK)


@model(
    title="执照",
    key="license",
    affected={"company": Computed(without_version)},
    columns={"license": "执照标识（不含版本号、校验位）", "issue_region": "颁发机构区划代码"},
    returns=Returned("issue_region"),
)
def business_license(company: ir.Table) -> ir.Table:
    """Each licence under a computed key; flows back by a region of its own."""
    licensed = company.filter(company.license_identifier.notnull()).mutate(
        license=without_version, issue_region=lambda rows: rows.issuer_code.substr(2, 6)
    )
    standing = latest(licensed, key="license", order=DELIVERED)
    return standing.select("license", "credit_code", "issuer_code", "issue_region", "staff", "updated_at")


@model(
    title="执照类型",
    key="type_code",
    inputs={"entries": CodesOf("license_type", ("holder_kind",))},
    columns={"type_code": "执照类型代码", "type_name": "执照类型名称", "holder_kind": "持证主体类别"},
)
def registered_type(entries: ir.Table) -> ir.Table:
    """What a code list says of each of its entries, which no delivery changes."""
    return entries.select(type_code="code", type_name="title", holder_kind="holder_kind")
