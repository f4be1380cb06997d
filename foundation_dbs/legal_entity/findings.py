"""Rules across the tables of legal entities; each gives the rows at fault."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Alike, ClaimsOf, finding

NAMES = {"claims": ClaimsOf("legal_entity", "entity_name")}
HEADS = {"claims": ClaimsOf("legal_entity", "representative_id")}
ACTIVE, ENDED = "1", ("3", "4")  # 存续；注销、撤销


@finding(
    title="统一社会信用代码不在校核清单中（2024-19 第十四条（八））",
    inputs=NAMES,
    affected={"claims": "key", "credit_code_check": "credit_code"},
)
def code_unknown_to_check(claims: ir.Table, credit_code_check: ir.Table) -> ir.Table:
    """A register holds a credit code that the market regulation authority's 校核 list does not."""
    checked = credit_code_check.select(key="credit_code")
    registered = claims.filter(claims.source != "credit_code_check")
    return _at_fault(registered.anti_join(checked, "key"))


@finding(title="同一统一社会信用代码对应不同名称", inputs=NAMES, affected={"claims": "key"})
def code_with_two_names(claims: ir.Table) -> ir.Table:
    """The sources give one credit code names that differ by more than their spelling."""
    counted = claims.group_by("key").agg(low=claims.match_key.min(), high=claims.match_key.max())
    several = counted.filter(counted.low != counted.high)
    return _at_fault(claims.semi_join(several, "key"))


@finding(title="同一名称对应不同统一社会信用代码", inputs=NAMES, affected={"claims": Alike("match_key", key="key")})
def name_with_two_codes(claims: ir.Table) -> ir.Table:
    """One name, spelling aside, stands under several credit codes."""
    counted = claims.group_by("match_key").agg(low=claims.key.min(), high=claims.key.max())
    several = counted.filter(counted.low != counted.high)
    return _at_fault(claims.semi_join(several, "match_key"))


def headed_by(people: ir.Table, claims: ir.Table, religious_venue: ir.Table) -> ir.Table:
    """The organisations whose heads these people are."""
    heads = _heads(claims, religious_venue)
    return heads.semi_join(people, heads.head == people.id_number).select("subject")


@finding(
    title="法定代表人（负责人）已死亡，组织未注销",
    inputs=HEADS,
    affected={
        "claims": "key",
        "religious_venue": "credit_code",
        "legal_entity": "credit_code",
        "person": headed_by,
    },
)
def representative_dead(
    claims: ir.Table, religious_venue: ir.Table, legal_entity: ir.Table, person: ir.Table
) -> ir.Table:
    """An organisation that goes on is headed by somebody whose death is registered."""
    dead = person.filter(person.died_on.notnull()).select(head="id_number")
    ended = legal_entity.filter(legal_entity.state.isin(ENDED)).select(subject="credit_code")
    heads = _heads(claims, religious_venue).semi_join(dead, "head")
    return heads.anti_join(ended, "subject").select("subject", "source", "batch", "row")


def _heads(claims: ir.Table, religious_venue: ir.Table) -> ir.Table:
    """Which row names whom as the head of which organisation; heads of venues stand in no golden record."""
    of_venues = religious_venue.filter(religious_venue.head_id.notnull())
    return claims.select(
        subject=claims.key, source=claims.source, batch=claims.batch, row=claims.row, head=claims.value
    ).union(
        of_venues.select(
            subject=of_venues.credit_code,
            source=ibis.literal("religious_venue"),
            batch=of_venues["_batch"],
            row=of_venues["_row"],
            head=of_venues.head_id,
        )
    )


@finding(
    title="同一嘎查村（社区）有多个存续的村（居）民委员会",
    affected={"grassroots_committee": Alike("village", key="credit_code")},
)
def several_active_committees(grassroots_committee: ir.Table) -> ir.Table:
    """A village or community has several committees that are in force."""
    active = grassroots_committee.filter(grassroots_committee.state == ACTIVE)
    counted = active.group_by("village").agg(committees=active.count())
    several = counted.filter(counted.committees > 1)
    return _rows_at_fault(active.semi_join(several, "village"), "grassroots_committee")


def unions_of(hosts: ir.Table, trade_union: ir.Table) -> ir.Table:
    """The trade unions of these organisations."""
    return trade_union.semi_join(hosts, trade_union.host_code == hosts.credit_code).select("credit_code")


@finding(
    title="建会单位已注销，工会未注销",
    affected={"trade_union": "credit_code", "legal_entity": unions_of},
)
def union_of_ended_host(trade_union: ir.Table, legal_entity: ir.Table) -> ir.Table:
    """A trade union goes on although the organisation that has it has ended."""
    ended = legal_entity.filter(legal_entity.state.isin(ENDED)).select(host_code="credit_code")
    active = trade_union.filter(trade_union.state == ACTIVE)
    return _rows_at_fault(active.semi_join(ended, "host_code"), "trade_union")


def _rows_at_fault(rows: ir.Table, source: str) -> ir.Table:
    return rows.select(subject=rows.credit_code, source=ibis.literal(source), batch=rows["_batch"], row=rows["_row"])


def _at_fault(claims: ir.Table) -> ir.Table:
    return claims.select(subject=claims.key, source=claims.source, batch=claims.batch, row=claims.row)
