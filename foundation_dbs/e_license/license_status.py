"""In which state each e-licence was, and from when to when."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.e_license.current_license import region_of, version_of, without_version
from pipelines.modelling import Computed, Period, Returned, model

IN_FORCE = "01"  # of license_state
BEIJING = ibis.interval(hours=8)
NEVER = "9999-12-31"


@model(
    title="电子证照状态沿革",
    key=("license", "license_identifier", "valid_from"),
    affected={"e_license": Computed(without_version)},
    columns={
        "license": "证照标识（不含版本号、校验位）",
        "version": "版本号",
        "issue_region": "颁发机构区划代码",
        "valid_from": "状态起始日期",
        "valid_to": "状态截止日期（含当日；空为至今）",
        "state": "电子证照状态代码",
    },
    returns=Returned("issue_region"),
    period=Period("valid_from", "valid_to", named="valid_on", only={"state": IN_FORCE}),
)
def license_status(e_license: ir.Table) -> ir.Table:
    """The states of each e-licence one after the other, each with its first and last day.

    One row per version and state; state is a code of license_state. A version is in force from its first day of
    validity (else the day of issue) until the last one, until the day before a later version begins, or until the day
    before its state changed: that is the day of the row that says so, for agencies send a state and not since when. A
    state that ended it lasts until a later version begins. Between a last day of validity and a change of state there
    is no row. `valid_on(day)` gives what was in force on a day. Source: 2024-19 第十八条; GB/T 36903.
    """
    versions = e_license.select(
        "license_identifier",
        "type_code",
        "type_name",
        "license_number",
        "issuer",
        "holder_name",
        "holder_code",
        "state",
        license=without_version(e_license),
        version=version_of(e_license.license_identifier),
        issue_region=region_of(e_license.issuer_code),
        _begins=e_license.valid_from.coalesce(e_license.issued_on),
        _expires=e_license.valid_to.coalesce(_never()),
        _changed=ibis.ifelse(e_license.state == IN_FORCE, ibis.null("date"), (e_license.updated_at + BEIJING).date()),
    )
    following = ibis.window(group_by="license", order_by=[versions.version, versions.license_identifier])
    followed = versions.mutate(_replaced=versions["_begins"].lead().over(following))
    until = _day_before(followed["_replaced"].coalesce(_never()))
    followed = followed.mutate(_until=ibis.ifelse(followed["_replaced"].isnull(), _never(), until))
    changed = followed["_changed"].coalesce(_never())
    in_force = followed.mutate(
        state=ibis.literal(IN_FORCE),
        valid_from=followed["_begins"],
        valid_to=ibis.least(
            followed["_expires"],
            followed["_until"],
            ibis.ifelse(followed["_changed"].isnull(), _never(), _day_before(changed)),
        ),
    )
    ended = followed.filter(followed["_changed"].notnull())
    ended = ended.mutate(valid_from=ibis.greatest(ended["_changed"], ended["_begins"]), valid_to=ended["_until"])
    columns = [*(name for name in versions.columns if not name.startswith("_")), "valid_from", "valid_to"]
    periods = in_force.select(columns).union(ended.select(columns))
    periods = periods.filter(periods.valid_from <= periods.valid_to)
    return periods.mutate(valid_to=periods.valid_to.nullif(_never()))


def _never() -> ir.DateScalar:
    return ibis.date(NEVER)


def _day_before(day: ir.DateValue) -> ir.DateValue:
    return day - ibis.interval(days=1)
