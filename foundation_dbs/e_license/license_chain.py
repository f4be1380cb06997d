"""Chains of e-licences: from each version back to the first one."""

import functools

import ibis
import ibis.expr.types as ir

from foundation_dbs.e_license.license_version import FOUND, MISSING
from pipelines.modelling import Returned, model

# A licence may be renewed, changed or moved so many times under another identifier; versions of one are not counted.
MOST_LICENSES = 8
FIRST, ENDLESS = "first", "endless"


def licenses_following(changed: ir.Table, license_version: ir.Table) -> ir.Table:
    """The licences that go back to one that has changed, as far as chains are followed."""
    links = _links(license_version)
    reached = [changed.select(run="run").distinct()]
    for _ in range(MOST_LICENSES + 1):
        before = reached[-1].select(_reached="run")
        reached.append(links.semi_join(before, [("run_before", "_reached")]).select("run").distinct())
    runs = ibis.union(*reached).distinct()
    return license_version.semi_join(runs, "run").select("license").distinct()


@model(
    title="电子证照版本链",
    key=("license", "license_identifier"),
    affected={"license_version": ("license", licenses_following)},
    columns={
        "root": "版本链起点标识",
        "number": "在版本链中的序号",
        "chain_end": "版本链起点情况：first 首个版本、missing 更早版本未见、endless 成环或过长",
    },
    returns=Returned("issue_region"),
)
def license_chain(license_version: ir.Table) -> ir.Table:
    """Each version of each e-licence with its place in the chain of all versions before it.

    One row per license_identifier: predecessor and successor, the root that the chain goes back to, and the number in
    the chain, the root being 1. chain_end says what the root is: a first version, or one whose predecessor is missing,
    so that the chain began earlier than is known. Versions of one licence are numbered however many there are; from one
    licence to another (renewed, changed or moved under another identifier) chains are followed over 8 licences. What
    goes round in a circle or back further is `endless`, and has neither root nor number.
    Source: 2024-19 第十八条; GB/T 36904.
    """
    links = _links(license_version)
    begun = license_version.filter(license_version.license_identifier == license_version.run)
    ends = begun.select(_end="run", _state="predecessor_state")
    nearest = links.select("run", at="run_before", before="run_before_place")
    traced = functools.reduce(_step, [links] * (MOST_LICENSES - 1), nearest)
    # What still has a run before it is not at its end.
    further = links.select(_on="run", _further="run_before")
    traced = traced.left_join(further, [("at", "_on")])
    roots = traced.select(_run="run", _root="at", _before="before", _is_endless=traced["_further"].notnull())
    rows = license_version.left_join(roots, [("run", "_run")])
    rows = rows.mutate(_root=rows["_root"].coalesce(rows.run))
    rows = rows.left_join(ends, [("_root", "_end")])
    is_endless = rows["_is_endless"].coalesce(False)
    return rows.select(
        "license",
        "license_identifier",
        "version",
        "issue_region",
        "predecessor",
        "predecessor_state",
        "successor",
        "successors",
        root=ibis.ifelse(is_endless, ibis.null("string"), rows["_root"]),
        number=ibis.ifelse(is_endless, ibis.null("int64"), rows.run_place + rows["_before"].coalesce(0)),
        chain_end=ibis.cases((is_endless, ENDLESS), (rows["_state"] == MISSING, MISSING), else_=FIRST),
    )


def _links(license_version: ir.Table) -> ir.Table:
    """Runs that another one comes before, with how many versions of that one there are until then."""
    begun = license_version.filter(
        (license_version.license_identifier == license_version.run) & (license_version.predecessor_state == FOUND)
    )
    return begun.select("run", "run_before", "run_before_place")


def _step(traced: ir.Table, links: ir.Table) -> ir.Table:
    """One run further back, where there is one."""
    on = links.select(_on="run", _to="run_before", _place="run_before_place")
    both = traced.left_join(on, [("at", "_on")]).drop("_on")
    return both.select("run", at=both["_to"].coalesce(both.at), before=both.before + both["_place"].coalesce(0))
