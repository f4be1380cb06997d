"""Rights in real estate that persons hold, each holder of a registration by itself."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import Returned, is_id_number, model

CURRENT = "1"  # of right_state
DIVIDERS, DIVIDER = "[,、，；|/]", ";"
OF_SHARES = "[,、，；|]"  # a slash is part of a fraction
SOLE = "0"  # of co_ownership
OVER = ("2", "3")  # of right_state: of the past, ended
WHOLE = 1_000_000
MILLIONTH = "0.000001"
ABOUT = (
    "certificate",
    "right_type",
    "registration_type",
    "location",
    "planned_use",
    "building_area",
    "co_ownership",
    "registered_region",
    "right_state",
    "registered_on",
)


def holders(registrations: ir.Table) -> ir.Table:
    """One row for each holder in the cells of each registration: `id_number` is the document's, `share` a fraction.

    Beside them holder_key, the name's, and all that the registration says. Where cells do not list as many names or
    shares as documents, each holder has the key of the whole cell, and no share.
    """
    several = {
        "documents": registrations.document.re_replace(DIVIDERS, DIVIDER),
        "keys": registrations.name_key.re_replace(DIVIDERS, DIVIDER),
        "shares": registrations["share"].re_replace(OF_SHARES, DIVIDER),
    }
    split = registrations.mutate(**{f"_{name}": cell.split(DIVIDER) for name, cell in several.items()})
    placed = split.mutate(_place=ibis.range(split["_documents"].length()).unnest())

    def listed(name: str, otherwise: ir.Value) -> ir.Value:
        cells = placed[f"_{name}"]
        return ibis.ifelse(cells.length() == placed["_documents"].length(), cells[placed["_place"]], otherwise)

    return placed.mutate(
        id_number=placed["_documents"][placed["_place"]],
        holder_key=listed("keys", placed.name_key),
        millionths=_millionths(listed("shares", ibis.null("string"))),
    ).drop("_documents", "_keys", "_shares", "_place")


def _millionths(share: ir.StringValue) -> ir.IntegerValue:
    """Of the whole, rounded half up, of `1/3`, `33.3%`, `0.333`; NULL for more than that and anything else."""
    text = share.replace("％", "%").replace(" ", "")
    part, whole = (text.re_extract("^([0-9]{1,9})/([1-9][0-9]{0,8})$", at).try_cast("int64") for at in (1, 2))
    halves = part * 2 * WHOLE + whole
    fraction = ((halves - halves % (whole * 2)) / (whole * 2)).cast("int64")
    hundredths = text.re_extract("^([0-9]{1,3}(?:[.][0-9]{1,4})?)%$", 1).try_cast("decimal(9,4)")
    figure = text.re_extract("^([01]?(?:[.][0-9]{1,6})?)$", 1).try_cast("decimal(9,6)")
    read = ibis.cases(
        (text.re_search("^[0-9]{1,9}/[1-9][0-9]{0,8}$"), fraction),
        (text.re_search("%$"), (hundredths * 10_000).cast("int64")),
        else_=(figure * WHOLE).cast("int64"),
    )
    return ibis.ifelse(read <= WHOLE, read, ibis.null("int64"))


def holders_of_units(changes: ir.Table, real_estate_registration: ir.Table) -> ir.Table:
    """Whoever holds, or held, a right in the units that these registrations are of."""
    same = real_estate_registration.semi_join(changes, "unit_number")
    return _documents(changes).union(_documents(same))


def _documents(registrations: ir.Table) -> ir.Table:
    cell = registrations.document.re_replace(DIVIDERS, DIVIDER)
    return registrations.select(id_number=cell.split(DIVIDER).unnest())


@model(
    title="不动产权利",
    key=("id_number", "unit_number", "business_number"),
    affected={"real_estate_registration": holders_of_units},
    columns={
        "id_number": "公民身份号码",
        "share": "权利份额（小数）",
        "valid_from": "登记日",
        "valid_to": "被后续登记取代前一日（空为未取代）",
        "is_current": "是否现势",
    },
    returns=Returned(("registered_region", "person")),
)
def real_estate(real_estate_registration: ir.Table) -> ir.Table:
    """Each right that a person holds or held: since which registration, until which, and what part of it.

    One row per id_number, unit_number and business_number, of holders with an id number; cells that list several are
    divided. share is a fraction of the whole, 1 of a sole holder, empty where it is joint (共同共有) or not said.
    A right of the past (权属状态 2, 3) ended on the day before the next registration of its unit, which valid_to says;
    it stays. building_area is in square metres. Source: 2024-19 第十三条（十一）; TD/T 1066-2021.
    """
    days = real_estate_registration.group_by(["unit_number", "registered_on"]).agg(_rows=ibis._.count())
    in_order = ibis.window(group_by="unit_number", order_by="registered_on")
    following = days.mutate(_next=days.registered_on.lead().over(in_order)).select(
        "unit_number", "registered_on", "_next"
    )
    dated = real_estate_registration.left_join(following, ["unit_number", "registered_on"])
    dated = dated.drop(*(name for name in dated.columns if name.endswith("_right")))
    found = holders(dated)
    people = found.filter(is_id_number(found.id_number))
    unit = "decimal(18,6)"
    share = people.millionths.cast(unit) * ibis.literal(MILLIONTH).cast(unit)
    until = (people["_next"] - ibis.interval(days=1)).cast("timestamp").date()
    is_over = people.right_state.isin(OVER)
    return people.select(
        "id_number",
        "unit_number",
        "business_number",
        *ABOUT,
        share=ibis.ifelse((people.co_ownership == SOLE).fill_null(False), ibis.literal(1).cast(unit), share).cast(
            "decimal(9,6)"
        ),
        valid_from=people.registered_on,
        valid_to=ibis.ifelse(is_over, until, ibis.null("date")),
        is_current=people.right_state == CURRENT,
    )
