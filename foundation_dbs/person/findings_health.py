"""Rules across health records, the household register and the registered deaths; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from foundation_dbs.person.against_register import (
    NAMES,
    after_death,
    at_fault,
    beyond_age,
    name_unlike_household,
    unknown_to_household,
)
from foundation_dbs.person.disability_findings import IN_FORCE
from foundation_dbs.person.health import ACTIVE
from pipelines.modelling import DELIVERED, CodesOf, finding, latest

RECORD, CERTIFICATE = "health_record", "disability_registration"
NO_DISABILITY = "无"
OF_HOUSEHOLD = "1"  # of resident_type
OLDEST = 120  # years


@finding(title="同一人有多份活动的健康档案", affected={RECORD: "id_number"})
def several_open_health_records(health_record: ir.Table) -> ir.Table:
    """A person has several health records that are active: all of them."""
    active = health_record.filter(health_record.record_state == ACTIVE)
    counted = active.group_by("id_number").agg(records=active.count())
    several = counted.filter(counted.records > 1)
    return at_fault(active.semi_join(several, "id_number"), RECORD)


@finding(
    title="死亡后健康档案仍为活动，或死亡后建档、随访",
    affected={RECORD: "id_number", "person": "id_number"},
)
def health_record_after_death(health_record: ir.Table, person: ir.Table) -> ir.Table:
    """The record of somebody who died is active, or was created or followed up after the death."""
    return after_death(
        health_record,
        person,
        RECORD,
        lambda rows: (
            (rows.record_state == ACTIVE)
            | (rows.created_on > rows.died_on)
            | (rows.followed_up_on > rows.died_on).fill_null(False)
        ),
    )


@finding(title="健康档案的姓名与户籍登记不一致", inputs=NAMES, affected={RECORD: "id_number", "claims": "key"})
def patient_name_unlike_household(health_record: ir.Table, claims: ir.Table) -> ir.Table:
    """A health record has another name than the household register, variant characters aside."""
    return name_unlike_household(health_record, claims, RECORD)


@finding(
    title="健康档案为户籍人口，公民身份号码不在户籍登记中",
    affected={RECORD: "id_number", "household_registration": "id_number"},
)
def patient_unknown_to_household(health_record: ir.Table, household_registration: ir.Table) -> ir.Table:
    """A health record is of somebody with a household here, under a number that the register has not."""
    of_household = health_record.filter(health_record.resident_type == OF_HOUSEHOLD)
    return unknown_to_household(of_household, household_registration, RECORD)


@finding(title="最近随访时年龄超过120岁", affected={RECORD: "id_number"})
def followed_up_beyond_age(health_record: ir.Table) -> ir.Table:
    """Somebody was followed up at an age that nobody reaches."""
    followed = health_record.filter(health_record.followed_up_on.notnull())
    return beyond_age(followed, RECORD, "followed_up_on", most=OLDEST)


@finding(
    title="健康档案的残疾情况与有效的残疾人证不一致",
    inputs={"kinds": CodesOf("disability_kind"), "named": CodesOf("disability")},
    affected={RECORD: "id_number", CERTIFICATE: "id_number"},
)
def disability_unlike_certificate(
    health_record: ir.Table, disability_registration: ir.Table, kinds: ir.Table, named: ir.Table
) -> ir.Table:
    """An active health record has not the disability of the person's last certificate in force among its own, or none.

    Codes of both lists are one where their titles are; several disabilities (多重) contradict only that there is none.
    A record that says nothing contradicts nothing, and a disability without a certificate is no fault.
    """
    same = kinds.inner_join(named, "title").select(disability_kind=kinds.code, _same=named.code)
    in_force = disability_registration.filter(disability_registration.state == IN_FORCE)
    last = latest(in_force, key="id_number", order=["issued_on", *DELIVERED]).select("id_number", "disability_kind")
    active = health_record.filter((health_record.record_state == ACTIVE) & health_record.disability.notnull())
    met = active.inner_join(last.left_join(same, "disability_kind").select("id_number", "_same"), "id_number")
    has_it = (ibis.literal(";") + met.disability + ";").contains(ibis.literal(";") + met["_same"] + ";")
    return at_fault(met.filter((met.disability == NO_DISABILITY) | ~has_it.fill_null(True)), RECORD)
