"""Rules that hold for every record of schooling and every certificate of a person; each gives the rows at fault.

Held against the household register, the dead, and what age makes possible.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from foundation_dbs.person.against_register import HOUSEHOLD, NAMES
from pipelines.modelling import finding, is_id_number


@dataclass(frozen=True)
class Credential:
    """What of a source is held against a life: `active` states, the days of `events`, the youngest `age` at the first.

    Where `active` is empty, what was given once is not taken away by death.
    """

    active: tuple[str, ...]
    events: tuple[str, ...]
    age: int


CREDENTIALS = {
    "education_record": Credential(("在读", "休学"), ("enrolled_in", "graduated_on"), 2),
    "disability_registration": Credential(("有效",), ("issued_on",), 0),
    "qualification_certificate": Credential((), ("issued_on",), 16),
    "practising_certificate": Credential(("执业",), ("issued_on",), 18),
}
BY_PERSON = dict.fromkeys(CREDENTIALS, "id_number")


def _rows(*tables: ir.Table) -> ir.Table:
    """The rows of all sources, in their order, with whether they are in force, the first of their events, the last."""
    return ibis.union(*(_of_source(source, table) for source, table in zip(CREDENTIALS, tables, strict=True)))


def _of_source(source: str, table: ir.Table) -> ir.Table:
    declared = CREDENTIALS[source]
    days = [table[name] for name in declared.events]
    return table.select(
        "name_key",
        subject="id_number",
        source=ibis.literal(source),
        batch="_batch",
        row="_row",
        is_active=table.state.isin(declared.active or [""]),
        first_on=days[0],
        last_on=ibis.coalesce(*reversed(days)),
        age=ibis.literal(declared.age, "int64"),
    )


def _at_fault(rows: ir.Table) -> ir.Table:
    return rows.select("subject", "source", "batch", "row")


@finding(title="人员已死亡，学籍、证件仍为在读、有效或执业", affected={**BY_PERSON, "person": "id_number"})
def credential_in_force_after_death(
    education_record: ir.Table,
    disability_registration: ir.Table,
    qualification_certificate: ir.Table,
    practising_certificate: ir.Table,
    person: ir.Table,
) -> ir.Table:
    """A person whose death is registered is at a school, or holds a certificate that is in force."""
    rows = _rows(education_record, disability_registration, qualification_certificate, practising_certificate)
    dead = person.filter(person.died_on.notnull()).select(subject="id_number")
    return _at_fault(rows.filter(rows.is_active).semi_join(dead, "subject"))


@finding(title="入学、毕业或发证日期晚于死亡日期", affected={**BY_PERSON, "person": "id_number"})
def credential_after_death(
    education_record: ir.Table,
    disability_registration: ir.Table,
    qualification_certificate: ir.Table,
    practising_certificate: ir.Table,
    person: ir.Table,
) -> ir.Table:
    """A person entered or left a school, or was given a certificate, after the day of death."""
    rows = _rows(education_record, disability_registration, qualification_certificate, practising_certificate)
    both = rows.inner_join(person.select(subject="id_number", died_on="died_on"), "subject")
    return _at_fault(both.filter(both.last_on > both.died_on))


@finding(title="入学或发证时的年龄不可能", affected=BY_PERSON)
def credential_age_impossible(
    education_record: ir.Table,
    disability_registration: ir.Table,
    qualification_certificate: ir.Table,
    practising_certificate: ir.Table,
) -> ir.Table:
    """A person was too young on the day: for school two years, for a qualification 16, for practice 18, else unborn."""
    rows = _rows(education_record, disability_registration, qualification_certificate, practising_certificate)
    # Dates as whole numbers yyyymmdd: the age is reached when the day stands so many years further on.
    born = rows.subject.substr(6, 8).try_cast("int64")
    day = rows.first_on.strftime("%Y%m%d").cast("int64")
    return _at_fault(rows.filter(is_id_number(rows.subject) & (day < born + rows.age * 10_000)))


@finding(
    title="姓名与户籍登记不一致（异体字、间隔号除外）",
    inputs=NAMES,
    affected={**BY_PERSON, "claims": "key"},
)
def credential_name_unlike_household(
    education_record: ir.Table,
    disability_registration: ir.Table,
    qualification_certificate: ir.Table,
    practising_certificate: ir.Table,
    claims: ir.Table,
) -> ir.Table:
    """A record gives a person another name than the household register does, spelling aside."""
    rows = _rows(education_record, disability_registration, qualification_certificate, practising_certificate)
    registered = claims.filter(claims.source == HOUSEHOLD).select(subject="key", _registered="match_key")
    both = rows.inner_join(registered, "subject")
    return _at_fault(both.filter(both.name_key != both["_registered"]))


def namesakes(
    claims: ir.Table,
    education_record: ir.Table,
    disability_registration: ir.Table,
    qualification_certificate: ir.Table,
    practising_certificate: ir.Table,
) -> ir.Table:
    """The people of records whose name, or number, one of these claims is about."""
    rows = _rows(education_record, disability_registration, qualification_certificate, practising_certificate)
    named = rows.semi_join(claims, rows.name_key == claims.match_key)
    return named.union(rows.semi_join(claims, rows.subject == claims.key)).select("subject").distinct()


@finding(
    title="公民身份号码不在户籍登记中，同名同出生日期的人有另一号码",
    inputs=NAMES,
    affected={**BY_PERSON, "claims": namesakes},
)
def credential_id_unlike_household(
    education_record: ir.Table,
    disability_registration: ir.Table,
    qualification_certificate: ir.Table,
    practising_certificate: ir.Table,
    claims: ir.Table,
) -> ir.Table:
    """No household has the number, and one has another number for the name and the day of birth in it."""
    rows = _rows(education_record, disability_registration, qualification_certificate, practising_certificate)
    registered = claims.filter(claims.source == HOUSEHOLD)
    unknown = rows.anti_join(registered, rows.subject == registered.key)
    alike = registered.select(name_key="match_key", _born=registered.key.substr(6, 8))
    unlike = unknown.mutate(_born=unknown.subject.substr(6, 8))
    return _at_fault(unlike.semi_join(alike, ["name_key", "_born"]))
