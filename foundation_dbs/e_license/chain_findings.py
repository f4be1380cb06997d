"""Rules on what comes before and after each version of an e-licence; each gives the rows at fault."""

from collections.abc import Callable, Mapping, Sequence

import ibis.expr.types as ir

from foundation_dbs.e_license.holding import at_fault, by_holder, stated_subject
from foundation_dbs.e_license.license_chain import ENDLESS
from foundation_dbs.e_license.license_version import FOUND, MISSING
from pipelines.modelling import Route, finding

CHAIN = {"chain": "license_chain"}


def _of_chain(is_person: bool) -> Callable[[ir.Table, ir.Table, ir.Table], ir.Table]:
    """A version's place leads to whom it states, and to whom the versions state that follow it."""

    def subjects(changed: ir.Table, chain: ir.Table, e_license: ir.Table) -> ir.Table:
        moved = changed.select(_moved="license_identifier").distinct()
        after = chain.semi_join(moved, [("predecessor", "_moved")]).select("license_identifier")
        rows = e_license.semi_join(moved.select(license_identifier="_moved").union(after), "license_identifier")
        return rows.select(subject=stated_subject(rows, is_person))

    return subjects


def _routes(is_person: bool) -> Mapping[str, Route | Sequence[Route]]:
    return {"e_license": by_holder(is_person), "chain": _of_chain(is_person)}


def _without_predecessor(chain: ir.Table) -> ir.Table:
    return chain.filter(chain.predecessor_state == MISSING)


def _beside_another(chain: ir.Table) -> ir.Table:
    """Versions whose predecessor has another successor too."""
    forked = chain.filter(chain.successors > 1).select(_forked="license_identifier")
    return chain.filter(chain.predecessor_state == FOUND).semi_join(forked, [("predecessor", "_forked")])


def _endless(chain: ir.Table) -> ir.Table:
    return chain.filter(chain.chain_end == ENDLESS)


@finding(
    title="电子证照的前一版本未见（未交付、被隔离或已撤回）",
    about="legal_entity",
    inputs=CHAIN,
    affected=_routes(is_person=False),
)
def license_predecessor_missing(e_license: ir.Table, chain: ir.Table) -> ir.Table:
    """A version of an organisation's licence follows one that no row stands of: it never came, or did not pass."""
    return at_fault(e_license, _without_predecessor(chain), is_person=False)


@finding(
    title="个人电子证照的前一版本未见（未交付、被隔离或已撤回）",
    about="person",
    inputs=CHAIN,
    affected=_routes(is_person=True),
)
def license_of_person_predecessor_missing(e_license: ir.Table, chain: ir.Table) -> ir.Table:
    """A version of a person's licence follows one that no row stands of: it never came, or did not pass."""
    return at_fault(e_license, _without_predecessor(chain), is_person=True)


@finding(
    title="同一电子证照有多个后续版本",
    about="legal_entity",
    inputs=CHAIN,
    affected=_routes(is_person=False),
)
def license_succeeded_twice(e_license: ir.Table, chain: ir.Table) -> ir.Table:
    """Several versions of an organisation's licences name the same one as the version before them."""
    return at_fault(e_license, _beside_another(chain), is_person=False)


@finding(
    title="同一个人电子证照有多个后续版本",
    about="person",
    inputs=CHAIN,
    affected=_routes(is_person=True),
)
def license_of_person_succeeded_twice(e_license: ir.Table, chain: ir.Table) -> ir.Table:
    """Several versions of a person's licences name the same one as the version before them."""
    return at_fault(e_license, _beside_another(chain), is_person=True)


@finding(
    title="电子证照版本链成环，或前续证照超过8个",
    about="legal_entity",
    inputs=CHAIN,
    affected=_routes(is_person=False),
)
def license_chain_endless(e_license: ir.Table, chain: ir.Table) -> ir.Table:
    """The versions before one of an organisation's licences go round in a circle, or back over more than 8 licences."""
    return at_fault(e_license, _endless(chain), is_person=False)


@finding(
    title="个人电子证照版本链成环，或前续证照超过8个",
    about="person",
    inputs=CHAIN,
    affected=_routes(is_person=True),
)
def license_chain_of_person_endless(e_license: ir.Table, chain: ir.Table) -> ir.Table:
    """The versions before one of a person's licences go round in a circle, or back over more than 8 licences."""
    return at_fault(e_license, _endless(chain), is_person=True)
