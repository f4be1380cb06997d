"""Who holds each e-licence: the organisation or person behind the code and name that it states."""

from collections.abc import Callable

import ibis.expr.types as ir

from foundation_dbs.credit.resolution import NAMES, TITLES, resolved, routes_of
from pipelines.modelling import Returned, model

CODES = ("holder_code",)
_ROUTES = routes_of("license", CODES)


def _stating(current_license: ir.Table) -> ir.Table:
    """Licences in the words of a publication, which names its subject."""
    return current_license.mutate(subject_name=current_license.holder_name, subject_key=current_license.holder_key)


def _route(name: str) -> Callable[[ir.Table, ir.Table], ir.Table]:
    route = _ROUTES[name]
    assert callable(route)

    def licenses(changed: ir.Table, current_license: ir.Table) -> ir.Table:
        return route(changed, _stating(current_license))

    return licenses


@model(
    title="电子证照持证主体",
    key="license",
    inputs={"names": NAMES},
    affected={
        "current_license": "license",
        "legal_entity": _route("legal_entity"),
        "person": _route("person"),
        "names": _route("names"),
    },
    columns=TITLES | {"holder_region": "主体所在区划代码"},
    returns=Returned(("holder_region", "issue_region")),
)
def license_holder(current_license: ir.Table, legal_entity: ir.Table, person: ir.Table, names: ir.Table) -> ir.Table:
    """Each e-licence as it stands with the organisation or person that holds it.

    One row per license. credit_code or id_number is the holder; method says how it was found (credit_code, id_number,
    and so on as in licence, where publications are resolved in the same way), and candidates who else may be meant.
    Neither is there where nobody, or no single one, is known by what the licence states; a name alone decides nothing.
    holder_region is where the holder is registered or lives. Source: 2024-19 第十八条; GB/T 36903.
    """
    found = resolved(_stating(current_license), ["license", "subject_key"], legal_entity, person, names, CODES)
    return found.select(
        "license",
        "license_identifier",
        "type_code",
        "type_name",
        "license_number",
        "issue_region",
        "valid_to",
        "state",
        "holder_name",
        "holder_code",
        "holder_code_type",
        "credit_code",
        "id_number",
        "method",
        "candidates",
        holder_region="subject_region",
    )
