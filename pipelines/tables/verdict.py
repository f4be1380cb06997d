"""What can be decided about a batch, or about one of its quarantined rows, as tables hold it in words."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    PASSED = "passed"
    HELD = "held"
    RELEASED = "released"
    REJECTED = "rejected"
    RECALLED = "recalled"
    SETTLED = "settled"  # of one quarantined row: it waits for no correction any more
    REVOKED = "revoked"  # a person's decision is taken back: the gate's own verdict stands again


# A batch's rows flow into standard, or are out of it for good.
ACCEPTED, REFUSED = (Verdict.PASSED, Verdict.RELEASED), (Verdict.REJECTED, Verdict.RECALLED)
BY_PEOPLE = (Verdict.RELEASED, Verdict.REJECTED, Verdict.RECALLED, Verdict.REVOKED)
TAKES_BACK = (Verdict.RECALLED, Verdict.REVOKED)
# What each decision of a person can be made about: the verdicts that may stand.
DECIDES = {
    Verdict.RELEASED: (Verdict.HELD,),
    Verdict.REJECTED: (Verdict.HELD,),
    Verdict.RECALLED: (Verdict.PASSED,),
    Verdict.REVOKED: (Verdict.RELEASED, Verdict.REJECTED, Verdict.RECALLED),
}
