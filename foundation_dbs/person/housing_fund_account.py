"""Accounts that persons have in housing funds, through the times in which they were open, sealed and closed."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Returned, is_id_number, model

NORMAL, SEALED = "01", "02"
OF = ("id_number", "centre_code", "account_number")
ABOUT = ("employer_code", "employer_name", "base", "employer_rate", "employee_rate", "balance", "paid_to")


@model(
    title="住房公积金账户",
    key=(*OF, "valid_from"),
    affected={"housing_fund": "document"},
    columns={
        "valid_from": "状态起始日",
        "valid_to": "状态截止日（空为当前）",
        "is_current": "是否当前状态",
    },
    returns=Returned("person"),
)
def housing_fund_account(housing_fund: ir.Table) -> ir.Table:
    """The states of each account of a person, from its opening on; the last one is today's.

    One row per id_number, centre_code, account_number and valid_from, of accounts that are held by an id number. The
    days of opening, sealing and closing divide them: valid_to is the day before the next state, empty in the current
    one. An account that is open again has no day of sealing. What is not a state (base, balance, employer) is that of
    the last delivery, in the current row only. Amounts are yuan, rates fractions, paid_to is a month (yyyyMM).
    Source: 2024-19 第十三条（九）; JGJ/T 320-2014.
    """
    accounts = housing_fund.filter(is_id_number(housing_fund.document)).rename(id_number="document")
    sealed_on = ibis.ifelse(accounts.state == NORMAL, ibis.null("date"), accounts.sealed_on)
    dated = accounts.mutate(_sealed_on=ibis.ifelse(sealed_on > accounts.opened_on, sealed_on, ibis.null("date")))
    after = ibis.coalesce(dated["_sealed_on"], dated.opened_on)
    dated = dated.mutate(_closed_on=ibis.ifelse(dated.closed_on > after, dated.closed_on, ibis.null("date")))
    return ibis.union(
        _time(dated, dated.opened_on, dated["_sealed_on"].coalesce(dated["_closed_on"]), NORMAL),
        _time(dated.filter(dated["_sealed_on"].notnull()), ibis._["_sealed_on"], ibis._["_closed_on"], SEALED),
        _time(dated.filter(dated["_closed_on"].notnull()), ibis._["_closed_on"], ibis.null("date"), NORMAL),
    )


def _time(accounts: ir.Table, first: ir.Value, following: ir.Value, before: str) -> ir.Table:
    """One state of each account: that which the account says, unless another one follows."""
    bounded = accounts.mutate(valid_from=first, _following=following)
    is_current = bounded["_following"].isnull()
    until = (bounded["_following"] - ibis.interval(days=1)).cast("timestamp").date()
    return bounded.select(
        *OF,
        "valid_from",
        valid_to=ibis.ifelse(is_current, ibis.null("date"), until),
        is_current=is_current,
        state=ibis.ifelse(is_current, bounded.state, ibis.literal(before)),
        **{name: ibis.ifelse(is_current, bounded[name], ibis.null(bounded[name].type())) for name in ABOUT},
    )
