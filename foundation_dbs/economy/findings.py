"""Rules across annual reports, taxes, registers and credit lists; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.economy.figures import REPORT, TAX, of_year
from pipelines.modelling import DELIVERED, finding, latest

ACTIVE, CANCELLED = "1", "3"  # of entity_state
ENTERPRISE = "91"  # how codes of enterprises begin: traders (92) and cooperatives (93) report under other rules
JUNE = 6  # reports are due by 30 June of the year after (公示条例 第八条)
ABNORMAL, HONOURED = "abnormal", "honoured"
WORST = "D"
TERMINATED = "3"  # 终止参保
# Staff is counted at the year's end, and insurance goes on: only what cannot be a matter of days is found.
FEWEST_APART = 5
PERSONAL_INCOME = "10106"  # withheld from pay: whether a filer counts it as tax of its own is left open
LEAST_APART = 10_000  # yuan
WIDE = "decimal(28,2)"


@finding(
    title="未按期报送年度报告且未列入经营异常名录（公示条例 第八条）",
    about="legal_entity",
    affected={"market_entity": "credit_code", "listing": "credit_code"},
)
def annual_report_missing(market_entity: ir.Table, enterprise_annual_report: ir.Table, listing: ir.Table) -> ir.Table:
    """An enterprise in operation has not filed the last report that is due, and is not listed as abnormal.

    The last year due is the newest of which a report was received after the June in which it is due: before that, none
    is missing. Who was founded later need not report.
    """
    reports = enterprise_annual_report
    received = reports["_received_at"]
    is_over = received.year() * 100 + received.month() > (reports.report_year + 1) * 100 + JUNE
    due = reports.filter(is_over).agg(_due=reports.report_year.max())
    filed = reports.inner_join(due, reports.report_year == due["_due"]).select("credit_code")
    abnormal = listing.filter((listing.list_type == ABNORMAL) & listing.stands).select("credit_code")
    obliged = market_entity.filter((market_entity.state == ACTIVE) & market_entity.credit_code.startswith(ENTERPRISE))
    missing = obliged.anti_join(filed, "credit_code").anti_join(abnormal, "credit_code")
    late = missing.inner_join(due, missing.established_on.year() <= due["_due"])
    return _at_fault(late, "market_entity")


def employers_of(death: ir.Table, social_security: ir.Table) -> ir.Table:
    """The employers of people who died, or do so no longer."""
    return social_security.semi_join(death, "id_number").select("employer_code")


@finding(
    title="年报从业人数与在册参保人数相差一倍以上",
    about="legal_entity",
    affected={
        "enterprise_annual_report": "credit_code",
        "social_security": "employer_code",
        "death": employers_of,
        "legal_entity": "credit_code",
    },
)
def staff_unlike_insured(
    enterprise_annual_report: ir.Table, social_security: ir.Table, death: ir.Table, legal_entity: ir.Table
) -> ir.Table:
    """The staff of the newest report and the people insured by the organisation differ by more than half, and by five.

    Insured are the living whose insurance goes on, as in enterprise_file.
    """
    goes_on = (social_security.state != TERMINATED).fill_null(True)
    insured = social_security.filter(social_security.employer_code.notnull() & goes_on).anti_join(death, "id_number")
    counted = insured.group_by(_employer=insured.employer_code).agg(_insured=insured.id_number.nunique())
    reports = latest(enterprise_annual_report, key="credit_code", order=("report_year", *DELIVERED))
    known = reports.filter(reports.staff.notnull()).semi_join(legal_entity, "credit_code")
    both = known.left_join(counted, known.credit_code == counted["_employer"])
    people = both["_insured"].fill_null(0)
    apart = (both.staff - people).abs() >= FEWEST_APART
    return _at_fault(both.filter(apart & ((both.staff > 2 * people) | (people > 2 * both.staff))), REPORT)


@finding(
    title="年报纳税总额与税务部门汇总数相差10%以上",
    about="legal_entity",
    affected={
        "enterprise_annual_report": "credit_code",
        "tax_summary": "credit_code",
        "legal_entity": "credit_code",
    },
)
def tax_unlike_reported(enterprise_annual_report: ir.Table, tax_summary: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """The taxes of an annual report and those of the tax authority's records differ by over a tenth, and 10,000 yuan.

    Only years that the records cover from January to December are compared, with and without what was withheld from
    pay: whichever is nearer counts.
    """
    taxes = of_year(tax_summary)
    own = ibis.ifelse(taxes.levy == PERSONAL_INCOME, 0, taxes.paid)
    counted = taxes.group_by(["credit_code", "year"]).agg(
        _all=taxes.paid.sum().cast(WIDE),
        _own=own.sum().cast(WIDE),
        _first=taxes.period_from.month().min(),
        _last=ibis.ifelse(taxes.period_to.year() > taxes.year, 12, taxes.period_to.month()).max(),
    )
    covered = counted.filter((counted["_first"] == 1) & (counted["_last"] == 12))
    reports = enterprise_annual_report.semi_join(legal_entity, "credit_code")
    both = reports.inner_join(
        covered, [reports.credit_code == covered.credit_code, reports.report_year == covered.year]
    )
    reported = both.tax_total.cast(WIDE)
    low = ibis.least(both["_own"], both["_all"])
    high = ibis.greatest(both["_own"], both["_all"])
    too_little = (low - reported > LEAST_APART) & (reported * 10 < low * 9)
    too_much = (reported - high > LEAST_APART) & (reported * 10 > high * 11)
    return _at_fault(both.filter(too_little | too_much), REPORT)


@finding(
    title="税款所属期在主体注销之后",
    about="legal_entity",
    affected={"tax_summary": "credit_code", "market_entity": "credit_code"},
)
def tax_after_cancellation(tax_summary: ir.Table, market_entity: ir.Table) -> ir.Table:
    """A tax period begins after the day on which the register cancelled the enterprise."""
    cancelled = market_entity.filter(market_entity.state == CANCELLED).select("credit_code", _ended="approved_on")
    both = tax_summary.inner_join(cancelled, "credit_code")
    return _at_fault(both.filter(both.period_from > both["_ended"]), TAX)


def subjects_listed(publications: ir.Table, listing: ir.Table) -> ir.Table:
    """The organisations that entries of the lists are about."""
    return listing.semi_join(publications, list(ENTRY)).select("credit_code")


ENTRY = ("subject_key", "list_type", "listed_on", "listing_authority")


@finding(
    title="纳税信用D级的主体列入守信激励名单",
    about="legal_entity",
    inputs={"publications": "credit_list"},
    affected={"publications": subjects_listed, "listing": "credit_code", "tax_summary": "credit_code"},
)
def honoured_with_worst_tax_grade(publications: ir.Table, listing: ir.Table, tax_summary: ir.Table) -> ir.Table:
    """An organisation is honoured while the newest tax record that grades it has the grade D."""
    graded = tax_summary.filter(tax_summary.taxpayer_grade.notnull())
    newest = latest(graded, key="credit_code", order=("period_from", "levy"))
    worst = newest.filter(newest.taxpayer_grade == WORST).select("credit_code")
    honoured = listing.filter((listing.list_type == HONOURED) & listing.stands).semi_join(worst, "credit_code")
    named = honoured.select(*ENTRY, _subject="credit_code").distinct()
    rows = publications.inner_join(named, list(ENTRY))
    return rows.select(subject="_subject", source=ibis.literal("credit_list"), batch="_batch", row="_row")


def _at_fault(rows: ir.Table, source: str) -> ir.Table:
    return rows.select(subject=rows.credit_code, source=ibis.literal(source), batch=rows["_batch"], row=rows["_row"])
