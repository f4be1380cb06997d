"""Publications of which nobody is found: by the code that no register holds, or by the publication's own number.

`publications` are what a source delivered, `known` the same with the subjects that were found.
"""

from collections.abc import Mapping
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit import debtor as debtors
from foundation_dbs.credit import licence as licences
from foundation_dbs.credit import listing as listings
from foundation_dbs.credit import penalty as penalties
from pipelines.modelling import Computed, Route, finding, is_id_number

CREDIT_CODE = "^[1-9ANY][0-9ABCDEFGHJKLMNPQRTUWXY][0-9]{6}[0-9ABCDEFGHJKLMNPQRTUWXY]{10}$"
PERSON = "person"


class Asked(NamedTuple):
    """A source whose subjects are looked for: the key of its table, and the columns that may say who is meant.

    `code` may state that of an organisation and `document` a person's number; where they do not, the first of `numbers`
    says which publication it is.
    """

    source: str
    key: tuple[str, ...]
    code: str
    document: str
    numbers: tuple[str, ...]

    def subject(self, rows: ir.Table, is_person: bool) -> ir.StringValue:
        stated = rows[self.document if is_person else self.code]
        # Digits alone may be both: what may be somebody's number is shown to nobody as a code.
        has_form = is_id_number(stated) if is_person else stated.re_search(CREDIT_CODE) & ~is_id_number(stated)
        number = ibis.coalesce(*(rows[name] for name in self.numbers))
        return ibis.ifelse(has_form.fill_null(False), stated, number)

    def routes(self, is_person: bool) -> Mapping[str, Route]:
        """What was delivered says itself whom it leads to; what was found, by what was delivered."""

        def of_known(known: ir.Table, publications: ir.Table) -> ir.Table:
            rows = publications.semi_join(known, list(self.key))
            return rows.select(subject=self.subject(rows, is_person))

        return {"publications": Computed(lambda rows: self.subject(rows, is_person)), "known": of_known}

    def unresolved(self, publications: ir.Table, known: ir.Table, is_person: bool) -> ir.Table:
        """The rows of organisations, or those of persons, for which no subject was found."""
        of_persons = (publications.subject_category == PERSON).fill_null(False)
        rows = publications.filter(of_persons if is_person else ~of_persons)
        called = rows.select(
            *self.key,
            subject=self.subject(rows, is_person),
            source=ibis.literal(self.source),
            batch="_batch",
            row="_row",
        )
        nobody = known.filter(known.credit_code.isnull() & known.id_number.isnull())
        return called.semi_join(nobody, list(self.key)).select("subject", "source", "batch", "row")


LICENCE = Asked("administrative_licence", licences.KEY, "reported_credit_code", "document", ("decision_number",))
PENALTY = Asked("administrative_penalty", penalties.KEY, "reported_credit_code", "document", ("decision_number",))
DEBTOR = Asked("dishonest_debtor", debtors.KEY, "reported_code", "reported_code", ("case_number",))
LISTING = Asked(
    "credit_list", listings.KEY, "reported_credit_code", "document", ("listing_document", "listing_authority")
)


@finding(
    title="行政许可的主体（组织）无法确定",
    about="legal_entity",
    inputs={"publications": "administrative_licence", "known": "licence"},
    affected=LICENCE.routes(is_person=False),
)
def licence_subject_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """A licence is about an organisation that no register knows by what it states."""
    return LICENCE.unresolved(publications, known, is_person=False)


@finding(
    title="行政许可的主体（个人）无法确定",
    about="person",
    inputs={"publications": "administrative_licence", "known": "licence"},
    affected=LICENCE.routes(is_person=True),
)
def licence_person_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """A licence is about a person whom nobody knows by what it states."""
    return LICENCE.unresolved(publications, known, is_person=True)


@finding(
    title="行政处罚的主体（组织）无法确定",
    about="legal_entity",
    inputs={"publications": "administrative_penalty", "known": "penalty"},
    affected=PENALTY.routes(is_person=False),
)
def penalty_subject_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """A penalty is about an organisation that no register knows by what it states."""
    return PENALTY.unresolved(publications, known, is_person=False)


@finding(
    title="行政处罚的主体（个人）无法确定",
    about="person",
    inputs={"publications": "administrative_penalty", "known": "penalty"},
    affected=PENALTY.routes(is_person=True),
)
def penalty_person_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """A penalty is about a person whom nobody knows by what it states."""
    return PENALTY.unresolved(publications, known, is_person=True)


@finding(
    title="失信被执行人的主体（组织）无法确定",
    about="legal_entity",
    inputs={"publications": "dishonest_debtor", "known": "debtor"},
    affected=DEBTOR.routes(is_person=False),
)
def debtor_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """An entry of the dishonest debtors is about an organisation that no register knows by what it states."""
    return DEBTOR.unresolved(publications, known, is_person=False)


@finding(
    title="失信被执行人的主体（个人）无法确定",
    about="person",
    inputs={"publications": "dishonest_debtor", "known": "debtor"},
    affected=DEBTOR.routes(is_person=True),
)
def debtor_person_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """An entry of the dishonest debtors is about a person whom nobody knows by what it states."""
    return DEBTOR.unresolved(publications, known, is_person=True)


@finding(
    title="信用名单的主体（组织）无法确定",
    about="legal_entity",
    inputs={"publications": "credit_list", "known": "listing"},
    affected=LISTING.routes(is_person=False),
)
def listed_subject_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """An entry of a credit list is about an organisation that no register knows by what it states."""
    return LISTING.unresolved(publications, known, is_person=False)


@finding(
    title="信用名单的主体（个人）无法确定",
    about="person",
    inputs={"publications": "credit_list", "known": "listing"},
    affected=LISTING.routes(is_person=True),
)
def listed_person_unknown(publications: ir.Table, known: ir.Table) -> ir.Table:
    """An entry of a credit list is about a person whom nobody knows by what it states."""
    return LISTING.unresolved(publications, known, is_person=True)
