"""Whether a licence is in force, by what penalties, publications and e-licences say of its number."""

import ibis
import ibis.expr.types as ir

VALID, INVALID = "1", "2"  # of publication_state
IN_FORCE = "01"  # of license_state
ENDED_LICENSES = ("03", "04", "05", "07")  # of license_state: withdrawn, cancelled, lapsed, revoked
# A penalty category says 暂扣或吊销, and its content which.
REVOKED, SUSPENDED_OR_REVOKED, REVOCATION = "(^|;)5(;|$)", "暂扣或吊销", "吊销"
MARK = "\x1f"
OVER = ("withdrawn", "repaired")


def revoked(licences: ir.Table, penalty: ir.Table, subject: str, number: str = "licence_number") -> ir.Table:
    """Licences whose `number` a penalty that stands, and is about the same `subject`, names as revoked."""
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


def unlike(published: ir.Table, licensed: ir.Table, subject: str) -> ir.Table:
    """Publications beside e-licences of their number and holder, where one says valid and the other the opposite.

    `published` has licence_number and state, `licensed` license_number, _holder (whose `subject`) and _state.
    """
    both = published.inner_join(
        licensed, [published.licence_number == licensed.license_number, published[subject] == licensed["_holder"]]
    )
    # A renewal leaves what it replaces behind on either side: what is in force anywhere counts.
    same = ibis.window(group_by=[subject, "licence_number"])
    is_published = (both.state == VALID).cast("int64").max().over(same) == 1
    is_in_force = (both["_state"] == IN_FORCE).cast("int64").max().over(same) == 1
    ended = (both.state == VALID) & both["_state"].isin(ENDED_LICENSES) & ~is_in_force
    revived = (both.state == INVALID) & (both["_state"] == IN_FORCE) & ~is_published
    marked = both.mutate(_unlike=(ended | revived).fill_null(False))
    return marked.filter(marked["_unlike"])
