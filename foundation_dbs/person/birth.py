"""Births, each with its certificates and the child that the household register has since, and children with parents."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Computed, Graded, Returned, model

VOID = "作废"
BY_NUMBER, BY_PARENTS, BY_NAME = "stated_number", "parents_and_date", "parents_date_and_name"
PARENTS = {"mother": "mother_document", "father": "father_document"}
BEIJING = ibis.interval(hours=8)
FACTS = ("birth_number", "sex", "born_on", "mother_document", "father_document", "child_name")


def birth_number(certificates: ir.Table) -> ir.StringValue:
    """The number of a birth's first certificate, which those that replace it name."""
    return ibis.coalesce(certificates.original_number, certificates.certificate_number)


def births_around(households: ir.Table, birth_registration: ir.Table, household_registration: ir.Table) -> ir.Table:
    """The births of which a parent is, or shares a household with, somebody in some rows of the register."""
    shared = household_registration.semi_join(households, "household_number")
    concerned = shared.select("id_number").union(households.select("id_number")).distinct()
    stated = ibis.union(
        *(
            birth_registration.select(
                birth_number=birth_number(birth_registration), id_number=birth_registration[column]
            )
            for column in PARENTS.values()
        )
    )
    return stated.semi_join(concerned, "id_number").select("birth_number")


@model(
    title="出生登记",
    key=("birth_number", "certificate_number"),
    affected={"birth_registration": Computed(birth_number), "household_registration": births_around},
    columns={
        "birth_number": "首次签发的出生医学证明编号",
        "child_id": "新生儿公民身份号码",
        "link_method": Graded("新生儿身份匹配方法", "internal"),
        "valid_from": "签发日期",
        "valid_to": "被换发、补发或作废日期",
        "is_current": "是否现行证明",
    },
    returns=Returned("birth_region"),
)
def birth(birth_registration: ir.Table, household_registration: ir.Table) -> ir.Table:
    """Each certificate of a birth, how long it was good, and the child's number where one is known.

    One row per birth_number and certificate_number; is_current is the last certificate that is not void. The child's
    number is the one that a certificate of the birth states; else that of the one member of a parent's household in
    the register with the same birthday and sex (of several, the one with the child's name): link_method says which.
    Source: 2024-19 第十三条（四）; WS 376.1-2013; 户口登记条例 第七条.
    """
    certificates = birth_registration.mutate(
        birth_number=birth_number(birth_registration),
        _void=(birth_registration.certificate_state == VOID).cast("int64"),
        _changed_on=(birth_registration.updated_at + BEIJING).date(),
    )
    within = {"group_by": "birth_number"}
    order = [certificates.issued_on.asc(), certificates.certificate_number.asc()]
    back = [certificates["_void"].asc(), certificates.issued_on.desc(), certificates.certificate_number.desc()]
    ordered = certificates.mutate(
        _next_on=certificates.issued_on.lead().over(ibis.window(**within, order_by=order)),
        _place=ibis.row_number().over(ibis.window(**within, order_by=back)),
        _stated=certificates.child_id.max().over(ibis.window(**within)),
    )
    found = _children(ordered.filter(ordered["_place"] == 0).select(*FACTS), household_registration)
    linked = ordered.left_join(found, "birth_number").drop("birth_number_right")
    void_on = ibis.ifelse(linked["_void"] == 1, linked["_changed_on"], ibis.null("date"))
    method = ibis.ifelse(linked["_stated"].notnull(), ibis.literal(BY_NUMBER), linked["_method"])
    return linked.select(
        "birth_number",
        "certificate_number",
        "certificate_state",
        "child_name",
        "sex",
        "born_at",
        "born_on",
        "birth_region",
        "birth_place_type",
        "birth_institution",
        "mother_name",
        "mother_document",
        "father_name",
        "father_document",
        "issuer",
        child_id=ibis.coalesce(linked["_stated"], linked["_child"]),
        link_method=method,
        valid_from="issued_on",
        valid_to=ibis.coalesce(linked["_next_on"], void_on),
        is_current=(linked["_place"] == 0) & (linked["_void"] == 0),
    )


def _children(births: ir.Table, households: ir.Table) -> ir.Table:
    """By birth the number of the only household member who can be the child, and how it was found."""
    members = households.filter(households.household_number.notnull())
    parents = members.select(_parent="id_number", _household="household_number")
    born = members.select(
        _child="id_number",
        _lives="household_number",
        _born="birth_date",
        _sex="sex",
        _name="person_name",
    )
    of_parents = ibis.union(*(births.mutate(_document=births[column]) for column in PARENTS.values()))
    homes = of_parents.inner_join(parents, of_parents["_document"] == parents["_parent"])
    homes = homes.select("birth_number", "sex", "born_on", "child_name", "_household").distinct()
    same = [
        homes["_household"] == born["_lives"],
        homes.born_on == born["_born"],
        homes.sex == born["_sex"],
    ]
    fit = homes.inner_join(born, same).select("birth_number", "_child", "child_name", "_name").distinct()
    named = (fit.child_name == fit["_name"]).fill_null(False).cast("int64")
    counted = (
        fit.mutate(_is_named=named)
        .group_by("birth_number")
        .agg(
            _candidates=ibis._["_child"].nunique(),
            _named=ibis._["_is_named"].sum(),
            _any=ibis._["_child"].max(),
            _by_name=ibis.ifelse(ibis._["_is_named"] == 1, ibis._["_child"], ibis.null("string")).max(),
        )
    )
    is_only, is_named = counted["_candidates"] == 1, counted["_named"] == 1
    return counted.filter(is_only | is_named).select(
        "birth_number",
        _child=ibis.ifelse(is_only, ibis._["_any"], ibis._["_by_name"]),
        _method=ibis.ifelse(is_only, ibis.literal(BY_PARENTS), ibis.literal(BY_NAME)),
    )


@model(
    title="亲子关系",
    key=("id_number", "relation"),
    affected={"birth": "child_id"},
    columns={
        "id_number": "子女公民身份号码",
        "relation": "关系",
        "parent_document": "父母证件号",
        "parent_name": "父母姓名",
    },
    returns=Returned("person"),
)
def parent_child(birth: ir.Table) -> ir.Table:
    """Mother and father of each child whom the household register has, by the child's birth certificate.

    One row per id_number of the child and relation (mother, father); of several births that lead to one child, the one
    with the last certificate. Source: 2024-19 第十三条（四）.
    """
    known = birth.filter(birth.is_current & birth.child_id.notnull())
    last = ibis.window(group_by="child_id", order_by=[known.valid_from.desc(), known.certificate_number.desc()])
    placed = known.mutate(_place=ibis.row_number().over(last))
    standing = placed.filter(placed["_place"] == 0)
    both = ibis.union(
        *(
            standing.select(
                "born_on",
                "certificate_number",
                "link_method",
                id_number="child_id",
                relation=ibis.literal(relation),
                parent_document=standing[document],
                parent_name=standing[f"{relation}_name"],
            )
            for relation, document in PARENTS.items()
        )
    )
    return both.filter(both.parent_document.notnull())
