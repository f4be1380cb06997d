"""Rules across the tables of the credit database; each gives the rows at fault.

`publications` are what a source delivered, `known` the same with the subjects that were found.
"""

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir

from foundation_dbs.credit import licence as licences
from foundation_dbs.credit import listing as listings
from pipelines.modelling import ClaimsOf, finding

VALID, INVALID = "1", "2"
IN_FORCE = "01"  # of license_state
ENDED = ("2", "3", "4")  # of entity_state: revoked, cancelled, withdrawn
ENDED_LICENSES = ("03", "04", "05", "07")  # of license_state: withdrawn, cancelled, lapsed, revoked
HONOURED, DISHONEST = "honoured", "dishonest"
# A penalty category says 暂扣或吊销, and its content which.
REVOKED, SUSPENDED_OR_REVOKED, REVOCATION = "(^|;)5(;|$)", "暂扣或吊销", "吊销"
MARK = "\x1f"
OVER = ("withdrawn", "repaired")
NO_NUMBER = "无"
LICENCES = {"publications": "administrative_licence", "known": "licence"}
LISTINGS = {"publications": "credit_list", "known": "listing"}
Route = Callable[..., ir.Table]


def _by_publication(key: Sequence[str], subject: str) -> Route:
    """A publication leads to the subject that was found for it."""

    def subjects(publications: ir.Table, known: ir.Table) -> ir.Table:
        return known.semi_join(publications, list(key)).select(subject)

    return subjects


def _at_fault(
    found: ir.Table, publications: ir.Table, key: Sequence[str], subject: str, source: str = "administrative_licence"
) -> ir.Table:
    """The delivered rows behind some of the publications, about their subjects."""
    named = found.filter(found[subject].notnull()).select(*key, _subject=subject).distinct()
    rows = publications.inner_join(named, list(key))
    return rows.select(subject="_subject", source=ibis.literal(source), batch="_batch", row="_row")


@finding(
    title="主体已注销、吊销或撤销，行政许可仍为有效",
    about="legal_entity",
    inputs=LICENCES,
    affected={
        "known": "credit_code",
        "publications": _by_publication(licences.KEY, "credit_code"),
        "legal_entity": "credit_code",
    },
)
def licence_of_ended_entity(publications: ir.Table, known: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """A licence is published as valid although its holder is cancelled, revoked or withdrawn in the register."""
    ended = legal_entity.filter(legal_entity.state.isin(ENDED)).select("credit_code")
    return _at_fault(
        known.filter(known.state == VALID).semi_join(ended, "credit_code"), publications, licences.KEY, "credit_code"
    )


@finding(
    title="持证人已死亡，行政许可仍为有效",
    about="person",
    inputs=LICENCES,
    affected={
        "known": "id_number",
        "publications": _by_publication(licences.KEY, "id_number"),
        "person": "id_number",
    },
)
def licence_of_dead_person(publications: ir.Table, known: ir.Table, person: ir.Table) -> ir.Table:
    """A licence is published as valid although the person who holds it has died."""
    dead = person.filter(person.died_on.notnull()).select("id_number")
    return _at_fault(
        known.filter(known.state == VALID).semi_join(dead, "id_number"), publications, licences.KEY, "id_number"
    )


def _revoked(known: ir.Table, penalty: ir.Table, subject: str) -> ir.Table:
    """Valid licences whose number a penalty that stands names as revoked."""
    valid = known.filter((known.state == VALID) & (known.licence_number != NO_NUMBER))
    return named_as_revoked(valid, "licence_number", penalty, subject)


def named_as_revoked(licences: ir.Table, number: str, penalty: ir.Table, subject: str) -> ir.Table:
    """The rows whose `number` a penalty that stands names as revoked, with it as `_named`; both name the `subject`."""
    named = penalty.affected_licence.replace("（", "(").replace("）", ")").re_replace("[ \u3000]", "")
    revocations = penalty.filter(
        penalty.penalty_category.re_search(REVOKED)
        & penalty.content.replace(SUSPENDED_OR_REVOKED, "").contains(REVOCATION)
        & ~penalty.state.isin(OVER).fill_null(False)
    ).select(_subject=penalty[subject], _named=named)
    both = licences.inner_join(revocations, licences[subject] == revocations["_subject"])
    # The number as a whole, and not as the beginning of a longer one.
    marked = both["_named"].replace(both[number], MARK)
    return both.filter(marked.re_search(f"(^|[^0-9A-Za-z]){MARK}([^0-9A-Za-z]|$)"))


@finding(
    title="许可证照已被吊销，行政许可仍为有效",
    about="legal_entity",
    inputs=LICENCES,
    affected={
        "known": "credit_code",
        "publications": _by_publication(licences.KEY, "credit_code"),
        "penalty": "credit_code",
    },
)
def revoked_licence_still_valid(publications: ir.Table, known: ir.Table, penalty: ir.Table) -> ir.Table:
    """A penalty has revoked a licence of an organisation that is still published as valid."""
    return _at_fault(_revoked(known, penalty, "credit_code"), publications, licences.KEY, "credit_code")


@finding(
    title="个人许可证照已被吊销，行政许可仍为有效",
    about="person",
    inputs=LICENCES,
    affected={
        "known": "id_number",
        "publications": _by_publication(licences.KEY, "id_number"),
        "penalty": "id_number",
    },
)
def revoked_licence_of_person_still_valid(publications: ir.Table, known: ir.Table, penalty: ir.Table) -> ir.Table:
    """A penalty has revoked a licence of a person that is still published as valid."""
    return _at_fault(_revoked(known, penalty, "id_number"), publications, licences.KEY, "id_number")


def licence_holders(current_license: ir.Table, known: ir.Table) -> ir.Table:
    """The organisations whose published licences have the numbers of some e-licences."""
    return known.semi_join(current_license, known.licence_number == current_license.license_number).select(
        "credit_code"
    )


@finding(
    title="行政许可的状态与同一编号的电子证照不一致",
    about="legal_entity",
    inputs=LICENCES,
    affected={
        "known": "credit_code",
        "publications": _by_publication(licences.KEY, "credit_code"),
        "current_license": licence_holders,
    },
)
def licence_unlike_e_license(publications: ir.Table, known: ir.Table, current_license: ir.Table) -> ir.Table:
    """A licence is published as valid, or as not, and the e-licence of its number and holder says the opposite."""
    licenses = current_license.select("license_number", "holder_code", _state="state")
    both = known.inner_join(
        licenses, [known.licence_number == licenses.license_number, known.credit_code == licenses.holder_code]
    )
    # A renewal leaves what it replaces behind on either side: what is in force anywhere counts.
    same = ibis.window(group_by=["credit_code", "licence_number"])
    is_published = (both.state == VALID).cast("int64").max().over(same) == 1
    is_in_force = (both["_state"] == IN_FORCE).cast("int64").max().over(same) == 1
    ended = (both.state == VALID) & both["_state"].isin(ENDED_LICENSES) & ~is_in_force
    revived = (both.state == INVALID) & (both["_state"] == IN_FORCE) & ~is_published
    unlike = both.mutate(_unlike=(ended | revived).fill_null(False))
    return _at_fault(unlike.filter(unlike["_unlike"]), publications, licences.KEY, "credit_code")


def _contradicted(known: ir.Table, subject: str) -> ir.Table:
    """Entries of the honoured that stand beside one of the seriously dishonest."""
    entries = known.filter(known.stands & known[subject].notnull())
    dishonest = entries.filter(entries.list_type == DISHONEST).select(_subject=entries[subject])
    honoured = entries.filter(entries.list_type == HONOURED)
    return honoured.semi_join(dishonest, honoured[subject] == dishonest["_subject"])


@finding(
    title="同一主体同时列入守信激励和严重失信名单",
    about="legal_entity",
    inputs=LISTINGS,
    affected={"known": "credit_code", "publications": _by_publication(listings.KEY, "credit_code")},
)
def honoured_and_dishonest(publications: ir.Table, known: ir.Table) -> ir.Table:
    """An organisation is honoured while it stands among the seriously dishonest."""
    return _at_fault(
        _contradicted(known, "credit_code"), publications, listings.KEY, "credit_code", source="credit_list"
    )


@finding(
    title="同一个人同时列入守信激励和严重失信名单",
    about="person",
    inputs=LISTINGS,
    affected={"known": "id_number", "publications": _by_publication(listings.KEY, "id_number")},
)
def honoured_and_dishonest_person(publications: ir.Table, known: ir.Table) -> ir.Table:
    """A person is honoured while they stand among the seriously dishonest."""
    return _at_fault(_contradicted(known, "id_number"), publications, listings.KEY, "id_number", source="credit_list")


def entities_headed(known: ir.Table, claims: ir.Table) -> ir.Table:
    """The organisations of which some register names one of the debtors as head."""
    return claims.semi_join(known, claims["value"] == known.id_number).select("key")


@finding(
    title="法定代表人为失信被执行人",
    about="legal_entity",
    inputs={"claims": ClaimsOf("legal_entity", "representative_id"), "known": "debtor"},
    affected={"claims": "key", "known": entities_headed},
)
def head_dishonest_debtor(claims: ir.Table, known: ir.Table) -> ir.Table:
    """An organisation is headed by a person who is a dishonest judgment debtor."""
    headed = claims.semi_join(known, claims["value"] == known.id_number)
    return headed.select("source", "batch", "row", subject=headed.key)
