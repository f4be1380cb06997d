"""Rules on certificates of disability across rows and tables; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.person.disability import changed
from pipelines.modelling import finding

IN_FORCE = "有效"
OF_AGE = 18 * 10_000  # years, in the place that they have in yyyymmdd


@finding(
    title="残疾人证号中的公民身份号码与现号码不同（号码已变更）", affected={"disability_registration": "id_number"}
)
def disability_id_changed(disability_registration: ir.Table) -> ir.Table:
    """A certificate in force has another good id number in its number than its holder has: it is to be issued anew."""
    rows = changed(disability_registration)
    return _at_fault(rows.filter(rows.state == IN_FORCE))


@finding(title="未成年残疾人未登记监护人", affected={"disability_registration": "id_number"})
def disabled_minor_without_guardian(disability_registration: ir.Table) -> ir.Table:
    """A certificate in force was issued to somebody under 18, and names no guardian."""
    born = disability_registration.id_number.substr(6, 8).try_cast("int64")
    day = disability_registration.issued_on.strftime("%Y%m%d").cast("int64")
    is_alone = disability_registration.guardian_name.isnull() & (disability_registration.state == IN_FORCE)
    return _at_fault(disability_registration.filter(is_alone & (day < born + OF_AGE)))


def _at_fault(rows: ir.Table) -> ir.Table:
    return rows.select(subject="id_number", source=ibis.literal("disability_registration"), batch="_batch", row="_row")
