"""Sums by industry, region and year, without what would give a single organisation away."""

import functools
import operator

import ibis
import ibis.expr.types as ir

from foundation_dbs.economy.figures import FIGURES, NAMES, TITLES
from pipelines.modelling import Computed, Returned, model

FEWEST = 3
PERSONS = ("staff", "female_staff", "pension_insured")
UNKNOWN = "unknown"
SUMS = {name: f"{title}合计" for name, title in {**NAMES, **TITLES}.items() if name in FIGURES}


def region_of(rows: ir.Table) -> ir.StringValue:
    return rows.region.fill_null(UNKNOWN)


@model(
    title="行业、地区、年度汇总",
    key=("region", "industry", "year"),
    affected={"entity_year": Computed(region_of)},
    columns={
        **SUMS,
        "entities": "主体数",
        "is_suppressed": "是否因主体过少不显示",
        "suppressed": "因主体过少不显示的指标",
    },
    returns=Returned("region"),
)
def industry_region_year(entity_year: ir.Table) -> ir.Table:
    """Sums of the annual figures of all organisations of an industry in a county and year, in yuan and persons.

    One row per county, division of GB/T 4754 and year; `unknown` where no source says it. A cell of fewer than three
    organisations is suppressed: is_suppressed says so, and neither figures nor their number are shown. In other cells a
    figure that fewer than three organisations have is suppressed by itself, and listed in suppressed. There are no
    totals of counties, industries or figures here from which what is suppressed would follow: whoever needs one of a
    city, or of all industries, adds up what is shown. Source: 2023-plan（八）.
    """
    rows = entity_year.mutate(region=region_of(entity_year), industry=entity_year.industry.fill_null(UNKNOWN))
    counted = rows.group_by(["region", "industry", "year"]).agg(
        entities=rows.count(),
        **{f"_{name}": rows[name].count() for name in FIGURES},
        **{f"sum_{name}": _sum(rows[name], name) for name in FIGURES},
    )
    is_suppressed = counted.entities < FEWEST
    hidden = {name: (counted[f"_{name}"] > 0) & (counted[f"_{name}"] < FEWEST) for name in FIGURES}
    listed = functools.reduce(operator.add, (ibis.ifelse(hidden[name], f"{name};", "") for name in FIGURES))
    return counted.select(
        "region",
        "industry",
        "year",
        is_suppressed=is_suppressed,
        suppressed=listed.re_replace(";$", "").nullif(""),
        entities=ibis.ifelse(is_suppressed, None, counted.entities),
        **{name: ibis.ifelse(counted[f"_{name}"] >= FEWEST, counted[f"sum_{name}"], None) for name in FIGURES},
    )


def _sum(figure: ir.NumericValue, name: str) -> ir.NumericValue:
    return figure.sum().cast("int64" if name in PERSONS else "decimal(24,2)")
