"""The current version of each e-licence."""

import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Computed, Returned, latest, model

# GB/T 36904: an identifier ends in `.<version 3>.<check 1>`.
VERSION_AND_CHECK = 6


def without_version(e_license: ir.Table) -> ir.StringValue:
    return license_of(e_license.license_identifier)


def license_of(identifier: ir.StringValue) -> ir.StringValue:
    """A well-formed identifier without version and check character: what all versions of a licence share."""
    return identifier.substr(0, identifier.length() - VERSION_AND_CHECK)


def version_of(identifier: ir.StringValue) -> ir.IntegerValue:
    """The version in a well-formed identifier."""
    return identifier.right(VERSION_AND_CHECK).substr(1, 3).try_cast("int64")


def region_of(issuer_code: ir.StringValue) -> ir.StringValue:
    """The region in an issuer's credit code (GB 32100, characters 3 to 8)."""
    return issuer_code.substr(2, 6)


@model(
    title="电子证照（当前版本）",
    key="license",
    affected={"e_license": Computed(without_version)},
    columns={
        "license": "证照标识（不含版本号、校验位）",
        "version": "版本号",
        "issue_region": "颁发机构区划代码",
    },
    returns=Returned("issue_region"),
)
def current_license(e_license: ir.Table) -> ir.Table:
    """Each e-licence as its latest version has it: type, issuer, holder, validity and state.

    One row per license, its identifier without version and check character. The highest version wins, then what was
    delivered last; a version that its agency deleted counts no more. issue_region is the region in the issuer's credit
    code (GB 32100, characters 3 to 8): agencies of the autonomous region itself belong to no league or city.
    Source: 2024-19 第十八条; GB/T 36903, GB/T 36904.
    """
    versions = e_license.mutate(
        license=without_version(e_license),
        version=version_of(e_license.license_identifier),
        issue_region=region_of(e_license.issuer_code),
    )
    standing = latest(versions, key="license", order=("version", *DELIVERED))
    return standing.select(
        "license",
        "version",
        "license_identifier",
        "type_name",
        "type_code",
        "license_number",
        "issuer",
        "issuer_code",
        "issue_region",
        "issued_on",
        "valid_from",
        "valid_to",
        "holder_name",
        "holder_key",
        "holder_code",
        "holder_code_type",
        "state",
        "predecessor",
        "updated_at",
    )
