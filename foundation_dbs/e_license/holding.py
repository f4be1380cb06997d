"""Whom an e-licence's findings are about, by what the licence itself states."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit.unresolved import CREDIT_CODE
from pipelines.modelling import Computed, Route, is_id_number

# Of holder_code_type: organisations; persons whom registers know by their number; those whom they do not.
ORGANISATIONS, CITIZENS = ("001", "099"), ("111",)
OTHER_DOCUMENTS = ("154", "414", "511", "516", "553", "999")
UNKNOWN_TO_REGISTERS = ("099", *OTHER_DOCUMENTS)


def is_of_person(licenses: ir.Table) -> ir.BooleanValue:
    """Whether a person holds the licence, by the type of the holder's code, else by its form."""
    kind = licenses.holder_code_type
    by_form = ~kind.isin(ORGANISATIONS).fill_null(False) & is_id_number(licenses.holder_code)
    return kind.isin((*CITIZENS, *OTHER_DOCUMENTS)).fill_null(False) | by_form


def stated_subject(licenses: ir.Table, is_person: bool) -> ir.StringValue:
    """The holder's credit code or id number; the licence's identifier where something else is stated.

    Digits alone may be both: what may be somebody's number is shown to nobody as a code.
    """
    code = licenses.holder_code
    has_form = is_id_number(code) if is_person else code.re_search(CREDIT_CODE) & ~is_id_number(code)
    return ibis.ifelse(has_form.fill_null(False), code, licenses.license_identifier)


def by_holder(is_person: bool) -> Route:
    """A delivered version leads to whom it states."""
    return Computed(lambda licenses: stated_subject(licenses, is_person))


def at_fault(e_license: ir.Table, found: ir.Table, is_person: bool) -> ir.Table:
    """The delivered rows behind versions (their license_identifier), of those that persons hold or others."""
    of_persons = is_of_person(e_license)
    rows = e_license.filter(of_persons if is_person else ~of_persons)
    called = rows.select(
        "license_identifier",
        subject=stated_subject(rows, is_person),
        source=ibis.literal("e_license"),
        batch="_batch",
        row="_row",
    )
    return called.semi_join(found, "license_identifier").select("subject", "source", "batch", "row")


def about_subject(e_license: ir.Table, found: ir.Table, subject: str) -> ir.Table:
    """The delivered rows behind versions of which the `subject` is known."""
    named = found.filter(found[subject].notnull()).select("license_identifier", _subject=found[subject]).distinct()
    rows = e_license.inner_join(named, "license_identifier")
    return rows.select(subject="_subject", source=ibis.literal("e_license"), batch="_batch", row="_row")
