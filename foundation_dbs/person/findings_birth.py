"""Rules across birth certificates, the household register and the registered deaths; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.person.against_register import (
    NAMES,
    Condition,
    after_death,
    at_fault,
    beyond_age,
    name_unlike_household,
)
from foundation_dbs.person.birth import BEIJING, PARENTS, birth_number
from pipelines.modelling import Computed, finding

CERTIFICATE, HOUSEHOLD, VALID = "birth_registration", "household_registration", "有效"
REPLACING = ("换发", "补发")
LETTER, LETTER_SINCE = "X", "2023-04-01"  # of the edition of that day
YOUNGEST, OLDEST = 12, 60  # years of a parent
TWINS, HALF_A_YEAR = 3, 180  # days
CONCEIVED = 300  # days: how long before a birth its father may have died
MONTH = 100  # in the months' place of yyyymmdd
ROLES = {"child": "child_id", **PARENTS}


@finding(
    title="出生满一个月未申报户口（户口登记条例 第七条）",
    inputs={"certificates": CERTIFICATE, "known": "birth", "households": HOUSEHOLD},
)
def birth_not_in_household_register(certificates: ir.Table, known: ir.Table, households: ir.Table) -> ir.Table:
    """A child was born more than a month before the household register was delivered last, and is not in it.

    At fault is the household in which the child is missing, the mother's before the father's, so that its police must
    act; where the register has neither, the certificate.
    """
    delivered = households.agg(_on=(households["_received_at"].max() + BEIJING).date())
    registered = households.select(child_id="id_number")
    missing = known.filter(known.is_current).anti_join(registered, "child_id").cross_join(delivered)
    born, on = (_whole(missing[day]) for day in ("born_on", "_on"))
    # A year's end has eleven months too many in the months' place.
    late = missing.filter(on > born + ibis.ifelse(missing.born_on.month() == 12, MONTH + 8_800, MONTH))
    homes = households.select(_number="id_number", _household_batch="_batch", _household_row="_row")
    with_mother = late.left_join(homes, late.mother_document == homes["_number"])
    fathers = homes.rename(_father="_number", _father_batch="_household_batch", _father_row="_household_row")
    both = with_mother.left_join(fathers, with_mother.father_document == fathers["_father"])
    delivered_as = certificates.select(
        _certificate="certificate_number", _certificate_batch="_batch", _certificate_row="_row"
    )
    rows = both.left_join(delivered_as, both.certificate_number == delivered_as["_certificate"])
    has_mother, has_father = rows["_number"].notnull(), rows["_father"].notnull()

    def first(mother: str, father: str, certificate: str) -> ir.Value:
        return ibis.cases((has_mother, rows[mother]), (has_father, rows[father]), else_=rows[certificate])

    return rows.select(
        subject=first("_number", "_father", "certificate_number"),
        source=ibis.ifelse(has_mother | has_father, ibis.literal(HOUSEHOLD), ibis.literal(CERTIFICATE)),
        batch=first("_household_batch", "_father_batch", "_certificate_batch"),
        row=first("_household_row", "_father_row", "_certificate_row"),
    ).distinct()


def _each_once(*rows: ir.Table) -> ir.Table:
    """Of a certificate in which one person has several roles, the person once."""
    return ibis.union(*rows, distinct=True)


def _whole(day: ir.DateValue) -> ir.IntegerValue:
    """The day as a whole number yyyymmdd."""
    return day.year().cast("int64") * 10_000 + day.month().cast("int64") * 100 + day.day().cast("int64")


@finding(
    title="同一母亲两次生育间隔不足六个月（双胞胎、多胞胎除外）",
    inputs={"certificates": CERTIFICATE, "known": "birth"},
    affected={"certificates": "mother_document", "known": "mother_document"},
)
def births_too_near(certificates: ir.Table, known: ir.Table) -> ir.Table:
    """A mother has two births that are less than six months and more than three days apart: both certificates."""
    births = known.filter(known.is_current).select("certificate_number", "mother_document", "born_on")
    others = births.select(mother_document="mother_document", _other_on="born_on")
    both = births.inner_join(others, "mother_document")
    days = both.born_on.delta(both["_other_on"], unit="day").abs()
    near = both.filter((days > TWINS) & (days < HALF_A_YEAR)).select("certificate_number").distinct()
    return at_fault(certificates.semi_join(near, "certificate_number"), CERTIFICATE, "mother_document")


@finding(
    title="出生证上母亲在出生前已死亡，或父亲在出生300日前已死亡",
    affected={CERTIFICATE: list(PARENTS.values()), "person": "id_number"},
)
def birth_after_death_of_parent(birth_registration: ir.Table, person: ir.Table) -> ir.Table:
    """A mother had died before the birth, or a father longer before it than a pregnancy lasts."""
    since = {"mother": 0, "father": CONCEIVED}
    return _each_once(
        *(
            after_death(
                birth_registration,
                person,
                CERTIFICATE,
                _born_later(since[role]),
                number=document,
            )
            for role, document in PARENTS.items()
        )
    )


def _born_later(days: int) -> Condition:
    return lambda rows: rows.born_on.delta(rows.died_on, unit="day") > days


@finding(title="出生时父母年龄不在12至60周岁之间", affected={CERTIFICATE: list(PARENTS.values())})
def parent_beyond_age(birth_registration: ir.Table) -> ir.Table:
    """A parent was younger than twelve or older than sixty at the birth."""
    return _each_once(
        *(
            beyond_age(birth_registration, CERTIFICATE, "born_on", least=YOUNGEST, most=OLDEST, number=document)
            for document in PARENTS.values()
        )
    )


@finding(
    title="出生证上新生儿或父母的姓名与户籍登记不一致",
    inputs=NAMES,
    affected={CERTIFICATE: list(ROLES.values()), "claims": "key"},
)
def name_on_birth_certificate_unlike_household(birth_registration: ir.Table, claims: ir.Table) -> ir.Table:
    """Child, mother or father has another name than in the household register, variant characters aside."""
    return _each_once(
        *(
            name_unlike_household(birth_registration, claims, CERTIFICATE, number=number, key=f"{role}_key")
            for role, number in ROLES.items()
        )
    )


@finding(
    title="出生医学证明编号首字母与签发日期不符（X自2023年4月1日启用）",
    affected={CERTIFICATE: "certificate_number"},
)
def certificate_letter_unlike_date(birth_registration: ir.Table) -> ir.Table:
    """A certificate of the edition of 2023 was issued before that came into use, or one of an earlier edition after."""
    rows = birth_registration
    is_new = rows.issued_on >= ibis.date(LETTER_SINCE)
    has_letter = rows.certificate_number.startswith(LETTER)
    return at_fault(rows.filter((is_new & ~has_letter) | (~is_new & has_letter)), CERTIFICATE, "certificate_number")


@finding(
    title="已换发、补发的出生医学证明仍为有效",
    affected={CERTIFICATE: Computed(birth_number)},
)
def replaced_certificate_still_valid(birth_registration: ir.Table) -> ir.Table:
    """A certificate is still valid although another one has been issued in its place."""
    rows = birth_registration
    replaced = rows.filter(rows.certificate_state.isin(REPLACING)).select(certificate_number=rows.original_number)
    still = rows.filter((rows.certificate_state == VALID) & rows.original_number.isnull())
    return at_fault(still.semi_join(replaced, "certificate_number"), CERTIFICATE, "certificate_number")


@finding(
    title="换发、补发的出生医学证明，其原证明从未归集",
    affected={CERTIFICATE: Computed(birth_number)},
)
def original_certificate_unknown(birth_registration: ir.Table) -> ir.Table:
    """A certificate replaces one that was never delivered."""
    rows = birth_registration
    named = rows.filter(rows.original_number.notnull())
    numbers = rows.select(_known="certificate_number")
    return at_fault(
        named.anti_join(numbers, named.original_number == numbers["_known"]), CERTIFICATE, "original_number"
    )
