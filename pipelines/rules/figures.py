"""Predicates of rules on figures, months and lists that follow from another value of the same row."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from pipelines.declarations.rule import Rule
from pipelines.rules.taking import Arguments, Predicate, column, pair, take

_WIDE = "decimal(24,2)"
_SUM = "decimal(28,2)"  # a hundredfold figure of 18 digits has room
# What stands between several people in one cell.
_DIVIDERS = "[;,、，；|/]"


def _figures(rule: Rule, arguments: Arguments, rows: ir.Table) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Both figures and how far they may lie apart, exactly."""
    tolerance = ibis.literal(str(take(rule, arguments, "tolerance"))).cast("decimal(28,4)")
    return *pair(rule, arguments, rows), tolerance


def _is_product(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    figure, other, tolerance = _figures(rule, arguments, rows)
    millionths = (column(rule, arguments, rows, "factor") * 1_000_000).cast("decimal(9,0)")
    return (_wide(figure) * 1_000_000 - _wide(other) * millionths).abs() <= tolerance * 1_000_000


def _is_sum(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    figure, first = (value.cast(_SUM) for value in pair(rule, arguments, rows))
    zero_if_blank, percent = arguments.pop("blank_is_zero", ()), arguments.pop("percent", 0)
    tolerance = ibis.literal(str(arguments.pop("tolerance", 0))).cast(_SUM)
    rest = figure - first
    for sign, names in ((-1, arguments.pop("plus", ())), (1, arguments.pop("minus", ()))):
        for name in names:
            part = column(rule, {"column": name}, rows).cast(_SUM)
            part = part.fill_null(0) if name in zero_if_blank else part
            rest = rest - part if sign < 0 else rest + part
    distance = rest.abs()
    return (distance <= tolerance) | (distance * 100 <= figure.abs() * percent)


def _fee_follows_days(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    fee, due_on, tolerance = _figures(rule, arguments, rows)
    amount, paid_on = (column(rule, arguments, rows, name) for name in ("amount", "paid_on"))
    days = paid_on.delta(due_on, unit="day")
    parts = int(Decimal(take(rule, arguments, "daily")) * 10_000)
    late = (_wide(fee) * 10_000 - _wide(amount) * (days * parts).cast("decimal(12,0)")).abs() <= tolerance * 10_000
    return ibis.cases((days > 0, late), (days <= 0, fee.abs() <= tolerance), else_=True)


def _wide(figure: ir.DecimalValue) -> ir.DecimalValue:
    """Without its sign, and with room: DuckDB widens no product of decimals of 18 digits, and stops where it needs."""
    return figure.abs().cast(_WIDE)


def _not_before_month(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    day, month = pair(rule, arguments, rows)
    return day.strftime("%Y%m") >= month


def _lists_as_many(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    first, second = (cell.length() - cell.re_replace(_DIVIDERS, "").length() for cell in pair(rule, arguments, rows))
    return (second == 0) | (first == second)


def _begins_with(rule: Rule, arguments: Arguments, rows: ir.Table) -> ir.BooleanValue:
    code, beginning = pair(rule, arguments, rows)
    return code.startswith(beginning)


FIGURES: dict[str, Predicate] = {
    "expect_figure_to_be_product": _is_product,
    "expect_figure_to_be_sum": _is_sum,
    "expect_fee_to_follow_days": _fee_follows_days,
    "expect_date_not_before_month": _not_before_month,
    "expect_pair_to_list_as_many": _lists_as_many,
    "expect_code_to_begin_with_code": _begins_with,
}
