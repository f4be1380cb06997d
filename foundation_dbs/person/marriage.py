"""Marital state of persons, from marriage registrations."""

import ibis
import ibis.expr.types as ir

from pipelines.modelling import DELIVERED, Returned, is_id_number, model

# GB/T 2261.2: 20 married, 40 divorced, 10 unmarried. An annulled marriage (5) was void from the beginning.
MARRIED, DIVORCED, REISSUED, ANNULLED = "1", "2", ("3", "4"), "5"
STATE = {MARRIED: "20", DIVORCED: "40", "3": "20", "4": "40", ANNULLED: "10"}
COUPLE, ORDER = ["id_number", "spouse"], ("registered_on", *DELIVERED)


@model(
    title="婚姻状况",
    key="id_number",
    affected={"marriage_registration": ["husband_id", "wife_id"]},
    columns={
        "id_number": "公民身份号码",
        "spouse_id": "配偶身份证件号",
        "spouse_name": "配偶姓名",
        "state": "婚姻状况代码（GB/T 2261.2）",
    },
    returns=Returned("person"),
)
def marriage(marriage_registration: ir.Table) -> ir.Table:
    """Marital state of each person who was ever registered, both spouses: the latest event that stands wins.

    One row per id_number; state is a code of GB/T 2261.2. The spouse is that of the latest event, divorced or not; a
    spouse known by a passport or another document stands there with its number, and has no row.
    An annulment takes away the couple's latest marriage before it with all that was registered of that marriage, and
    nothing else: a divorce from somebody else stands, and whoever has no other event is unmarried (民法典
    第一千零五十四条). A reissued certificate repeats an event and changes no state, unless that was never delivered.
    Source: 2024-19 第十三条（三）; 民政部 婚姻登记工作规范.
    """
    events = _spouse(marriage_registration, "husband", "wife").union(_spouse(marriage_registration, "wife", "husband"))
    standing = _not_contradicted(_not_void(events))
    # Whoever has nothing else is known by the annulment alone.
    annulled = events.filter(events.event == ANNULLED).anti_join(standing, "id_number")
    last = _last(standing.union(annulled), key=["id_number"], order=ORDER)
    return last.select("id_number", "state", "spouse_id", "spouse_name", "registered_on", "registration_number")


def _spouse(registrations: ir.Table, holder: str, other: str) -> ir.Table:
    registrations = registrations.filter(is_id_number(registrations[f"{holder}_id"]))
    return registrations.select(
        *DELIVERED,
        id_number=registrations[f"{holder}_id"],
        event=registrations.marriage_event,
        state=registrations.marriage_event.cases(*STATE.items(), else_=ibis.null("string")),
        spouse=registrations[f"{other}_id"].coalesce(registrations[f"{other}_name"], ""),
        spouse_id=registrations[f"{other}_id"],
        spouse_name=registrations[f"{other}_name"],
        registered_on=registrations.registered_on,
        registration_number=registrations.registration_number,
    )


def _last(rows: ir.Table, key: list[str], order: tuple[str, ...]) -> ir.Table:
    """As `latest`, which names its rows three times: what is nested here would be planned thousands of times over."""
    window = ibis.window(group_by=key, order_by=[rows[name].desc(nulls_first=False) for name in order])
    numbered = rows.mutate(_place=ibis.row_number().over(window))
    return numbered.filter(numbered._place == 0).drop("_place")


def _not_void(events: ir.Table) -> ir.Table:
    """The events but annulments and what belongs to the marriage that each of these ended."""
    annulments = events.filter(events.event == ANNULLED)
    couples = events.semi_join(annulments, COUPLE)
    of_marriage = _of_marriage(couples)
    annulled = (of_marriage.event == ANNULLED).cast("int64").max().over(ibis.window(group_by=[*COUPLE, "married_on"]))
    gone = of_marriage.mutate(annulled=annulled).filter(lambda of: of.annulled == 1)
    return events.filter(events.event != ANNULLED).anti_join(gone, ["id_number", "registration_number"])


def _of_marriage(events: ir.Table) -> ir.Table:
    """The couples' events with the day of the marriage that each belongs to: their latest one until then.

    A divorce on the day of a marriage ended one before it. Events whose marriage was never delivered are left out.
    """
    both = events.inner_join(_married(events), [("id_number", "id_number_"), ("spouse", "spouse_")])
    is_divorce = both.state == STATE[DIVORCED]
    before = both.filter(
        (both.married_on < both.registered_on) | ((both.married_on == both.registered_on) & ~is_divorce)
    )
    return before.group_by([*COUPLE, "registration_number", "event"]).agg(married_on=before.married_on.max())


def _married(events: ir.Table) -> ir.Table:
    """The days on which couples married; the first certificate issued anew of a marriage that was never delivered."""
    names = {"id_number_": "id_number", "spouse_": "spouse"}
    married = events.filter(events.event == MARRIED).select(**names, married_on="registered_on")
    proofs = events.filter(events.event == "3")
    known = proofs.inner_join(married, [("id_number", "id_number_"), ("spouse", "spouse_")])
    known = known.filter(known.married_on <= known.registered_on).select(*COUPLE, "registration_number")
    unregistered = proofs.anti_join(known, [*COUPLE, "registration_number"])
    first = unregistered.group_by(COUPLE).agg(married_on=unregistered.registered_on.min())
    return married.union(first.select(**names, married_on="married_on"))


def _not_contradicted(events: ir.Table) -> ir.Table:
    """The events but reissued certificates that say otherwise than the marriage or divorce before them."""
    reissued = events.filter(events.event.isin(REISSUED))
    real = events.filter(~events.event.isin(REISSUED)).semi_join(reissued, "id_number")
    real = real.select(
        *DELIVERED, id_number_="id_number", spouse_="spouse", state_="state", registered_on_="registered_on"
    ).rename({f"{name}_": name for name in DELIVERED})
    both = reissued.drop(*DELIVERED).inner_join(real, [("id_number", "id_number_")])
    before = both.filter(both.registered_on_ <= both.registered_on).rename({name: f"{name}_" for name in DELIVERED})
    last = _last(before, key=["id_number", "registration_number"], order=("registered_on_", *DELIVERED))
    otherwise = last.filter((last.state != last.state_) | (last.spouse != last.spouse_))
    return events.anti_join(otherwise, ["id_number", "registration_number"])
