"""Versions of e-licences with what comes before and after each."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.e_license.current_license import (
    VERSION_AND_CHECK,
    license_of,
    region_of,
    version_of,
    without_version,
)
from pipelines.modelling import Computed, Returned, model

NO_PREDECESSOR, FOUND, MISSING = "none", "found", "missing"
OF_LICENSE = ["license"]


def license_before(e_license: ir.Table) -> ir.StringValue:
    """The licence that a stated predecessor is a version of; NULL for what is too short to name any."""
    stated = e_license.predecessor
    return ibis.ifelse(stated.length() > VERSION_AND_CHECK, license_of(stated), ibis.null("string"))


def licenses_after(changed: ir.Table, e_license: ir.Table) -> ir.Table:
    """Licences of which a version names one of a changed licence as its predecessor."""
    stating = e_license.select(license=without_version(e_license), _before=license_before(e_license))
    moved = changed.select(_moved=without_version(changed)).distinct()
    return stating.semi_join(moved, [("_before", "_moved")]).select("license")


@model(
    title="电子证照版本",
    key=("license", "license_identifier"),
    affected={"e_license": (Computed(without_version), Computed(license_before), licenses_after)},
    columns={
        "license": "证照标识（不含版本号、校验位）",
        "version": "版本号",
        "issue_region": "颁发机构区划代码",
        "predecessor": "前一版本（前一证照）标识",
        "predecessor_state": "前一版本情况：none 无、found 有、missing 应有而未见",
        "successor": "后一版本（后一证照）标识",
        "successors": "后一版本数",
        "run": "连续版本中的首个版本标识",
        "run_place": "在连续版本中的序号",
        "run_before": "前一证照所在连续版本的首个版本标识",
        "run_before_place": "前一版本在其连续版本中的序号",
    },
    returns=Returned("issue_region"),
)
def license_version(e_license: ir.Table) -> ir.Table:
    """Each version of each e-licence with its predecessor and its successor.

    One row per license_identifier. The predecessor is the one that the version states (关联证照标识), else that of the
    version number before its own, which the first version has not. predecessor_state is `missing` where there should be
    one and no row stands of it: it was never delivered, or it was quarantined or withdrawn. Of several successors the
    first one by its identifier is named, and successors counts them. A run is a licence's versions that follow each
    other without a gap; run_before is the run of the licence before, which the first version of a run may name.
    Source: 2024-19 第十八条; GB/T 36904.
    """
    versions = _with_runs(_with_predecessors(e_license))
    places = versions.select(_predecessor="license_identifier", run_before="run", run_before_place="run_place")
    is_first = versions.license_identifier == versions.run
    sought = ibis.ifelse(is_first, versions.predecessor, ibis.null("string"))
    placed = versions.mutate(_sought=sought)
    placed = placed.left_join(places, [("_sought", "_predecessor")])
    stated = versions.filter(versions.predecessor_state == FOUND)
    after = stated.group_by(_after="predecessor").agg(
        successor=stated.license_identifier.min(), successors=stated.count().cast("int64")
    )
    both = placed.left_join(after, [("license_identifier", "_after")])
    return both.select(
        "license",
        "license_identifier",
        "version",
        "issue_region",
        "predecessor",
        "predecessor_state",
        "successor",
        "run",
        "run_place",
        "run_before",
        "run_before_place",
        successors=both.successors.coalesce(0),
    )


def _with_predecessors(e_license: ir.Table) -> ir.Table:
    rows = e_license.select(
        "license_identifier",
        license=without_version(e_license),
        version=version_of(e_license.license_identifier),
        issue_region=region_of(e_license.issuer_code),
        _stated=e_license.predecessor,
    )
    numbered = rows.group_by(_license="license", _version="version").agg(_implied=rows.license_identifier.min())
    both = rows.left_join(numbered, [("license", "_license"), rows.version - 1 == numbered["_version"]])
    both = both.mutate(predecessor=both["_stated"].coalesce(both["_implied"]))
    known = rows.select(_known="license_identifier")
    both = both.left_join(known, [("predecessor", "_known")])
    is_first = both["_stated"].isnull() & (both.version <= 1)
    return both.select(
        "license",
        "license_identifier",
        "version",
        "issue_region",
        "predecessor",
        predecessor_state=ibis.cases((is_first, NO_PREDECESSOR), (both["_known"].notnull(), FOUND), else_=MISSING),
        _follows=(both.predecessor == both["_implied"]).fill_null(False),
    )


def _with_runs(versions: ir.Table) -> ir.Table:
    """A run goes on as long as each version follows the one numbered before it."""
    order = [versions.version, versions.license_identifier]
    begins = ibis.ifelse(versions["_follows"], 0, 1)
    until_here = ibis.window(group_by=OF_LICENSE, order_by=order, preceding=(None, 0))
    numbered = versions.mutate(_run=begins.sum().over(until_here).cast("int64"))
    within = ibis.window(group_by=["license", "_run"], order_by=[numbered.version, numbered.license_identifier])
    whole = ibis.window(group_by=["license", "_run"])
    return numbered.mutate(
        run=numbered.license_identifier.min().over(whole),
        run_place=(ibis.row_number().over(within) + 1).cast("int64"),
    ).drop("_run", "_follows")
