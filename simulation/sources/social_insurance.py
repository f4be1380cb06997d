"""社会保险: one row per person and type of insurance, employed by simulated organisations."""

from __future__ import annotations

import numpy as np

from simulation.among import adult, born_before, born_within, both, held_by, with_lookalikes, with_x, without_x
from simulation.defects import amounts, codes, dates, files, names, nothing, phones, regions, versions
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition, respelt_repetition, several_at_once
from simulation.planting import at_least, on, twice
from simulation.source import About, Format, Source
from simulation.table import Broken, Table, parts
from simulation.vocabulary import INSURANCE, INSURANCE_STATE
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, day_number, iso_days, moments
from simulation.world.drawing import mobile_numbers
from simulation.world.people import WORKING_AGE, People
from simulation.world.places import CITIES, counties

PHASE = 2


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Most are insured twice: for old age and for illness."""
    people, employers = world.people, world.employers
    members = _insured(rng, people)
    employed = rng.random(len(members)) < 0.45
    second = rng.random(len(members)) < 0.85
    who = np.concatenate([np.arange(len(members)), np.flatnonzero(second)])
    later = np.arange(len(who)) >= len(members)
    kind = np.where(employed[who], np.where(later, "110", "310"), np.where(later, "170", "390"))
    order = rng.permutation(len(who))
    who, kind = who[order], kind[order].tolist()
    people_at = [members[at] for at in who.tolist()]
    rows = len(who)
    has_employer = employed[who].tolist()
    born, died = people.born[people_at], people.died[people_at]
    until = np.where(died >= 0, died - 30, AS_OF_DAY)
    start = np.maximum(born + WORKING_AGE, day_number("2001-01-01"))
    enrolled = np.minimum(start + (rng.random(rows) * 3000).astype(np.int64), until - 1)
    retired = (born + 61 * 366 <= until) & np.isin(kind, ["110", "170"])
    paid = iso_days(np.maximum(enrolled, until - rng.integers(0, 200, rows)))
    benefit = np.where(retired, np.array(iso_days(until - rng.integers(0, 30, rows))), "").tolist()
    state = np.where(retired, "4", np.where(died >= 0, "3", "1")).tolist()
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in people_at]
    employer = [
        employers[n] if has else ("", "")
        for n, has in zip(rng.integers(0, len(employers), rows).tolist(), has_employer, strict=True)
    ]
    of_person = mobile_numbers(rng, len(people))
    sent = {
        "member_number": [f"15{people.id_number[at][6:17]}{at % 1000:03}" for at in people_at],
        "id_number": [people.id_number[at] for at in people_at],
        "person_name": [people.name[at] for at in people_at],
        "insurance_type": np.where(rng.random(rows) < 0.5, kind, [INSURANCE[code][0] for code in kind]).tolist(),
        "state": [INSURANCE_STATE[code][0] for code in state],
        "employer_name": [name for _, name in employer],
        "employer_code": [code for code, _ in employer],
        "enrolled_on": iso_days(enrolled),
        "contribution_base": [f"{n}.00" for n in rng.integers(4000, 22000, rows).tolist()],
        "last_paid_on": paid,
        "benefit_paid_to": benefit,
        "phone": [of_person[at] for at in people_at],
        "insured_region": region,
        "handling_office": [CITIES[code[:4] + "00"] + "社会保险事业服务中心" for code in region],
        "updated_at": moments(rng, rows, PHASE),
    }
    due: dict[str, list[str | None]] = {"insurance_type": list(kind), "state": list(state)}
    return Table("social_insurance", sent, due, parts(rows)), people_at


def _insured(rng: np.random.Generator, people: People) -> list[int]:
    """Nearly all locals of working age and above; outsiders are insured where they come from."""
    able = (people.born + WORKING_AGE + 800 <= AS_OF_DAY) & ~people.outsider
    return np.flatnonzero(able & (rng.random(len(people)) < 0.95)).tolist()


REGISTERED_TOO = held_by("household_registration", "social_insurance")
PLAN = (
    on("id_number", ids.FIFTEEN_DIGITS, 307, among=both(born_before("2000-01-01"), REGISTERED_TOO)),
    on("id_number", ids.LOWER_CASE_X, 310, among=with_x),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[0], 311),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[1], 313),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[2], 315),
    on("id_number", ids.FULL_WIDTH_OR_SPACED[3], 317),
    on("id_number", ids.SCIENTIFIC, 320, among=without_x),
    on("id_number", ids.ZEROED, 322, among=without_x),
    on("id_number", ids.FLOAT_TRIP, 324, among=without_x),
    on("id_number", ids.WRONG_CHECK_DIGIT, 341),
    on("id_number", nothing.required("无"), 345),
    on("id_number", ids.CENTENARIAN, 350, among=born_within("1960-01-01", "2000-01-01")),
    on("id_number", ids.BIRTHDAY_IMPOSSIBLE, 360),
    on("id_number", ids.BIRTHDAY_IN_FUTURE, 362, rules=["enrolled_after_birth", "last_paid_after_birth"]),
    on("id_number", ids.BIRTHDAY_BEFORE_1900, 364),
    on("person_name", names.READ_AS_LATIN, 402),
    on("person_name", names.LOOKALIKES, 405, among=both(with_lookalikes, REGISTERED_TOO)),
    on("person_name", names.INNER_SPACE, 411, count=twice, among=REGISTERED_TOO),
    on("person_name", names.OF_NOBODY, 422, count=at_least(3), start=3),
    on("person_name", names.NOT_LEGIBLE, 423, count=at_least(3), start=3),
    on("last_paid_on", dates.in_future(), 502),
    on("enrolled_on", dates.in_future(), 503),
    on("enrolled_on", dates.before_birth(), 508, rules=["enrolled_after_birth"]),
    on("last_paid_on", dates.before_birth(), 509, rules=["last_paid_after_birth"]),
    versions.good_twins(("enrolled_on", "2099-01-01", "not_future"), turn=607),
    on("id_number", WITH_MARKS, 702, count=at_least(2)),
    on("insurance_type", codes.FULL_WIDTH_OR_PADDED, 709),
    on("last_paid_on", dates.YEAR_ONE_MEANS_NOTHING, 712),
    respelt_repetition(("id_number", ids.FULL_WIDTH_OR_SPACED[0], 0), turn=724),
    on("updated_at", dates.ANY_MOMENT_SPELLING, 804, every=True),
    on("updated_at", dates.MOMENT_UNREADABLE, 805),
    on("benefit_paid_to", dates.NINES, 807),
    on("insured_region", regions.unknown("草原"), 821),
    on("insurance_type", codes.unlisted_critical("商业保险"), 833),
    on("state", codes.other_label(INSURANCE_STATE, 1), 838),
    on("phone", phones.SEVERAL, 843, every=True),
    on("phone", phones.DUMMY, 844),
    on("phone", phones.TOO_SHORT, 845),
    on("contribution_base", amounts.THOUSANDS, 850),
    on("contribution_base", amounts.UNREADABLE, 851),
    on("contribution_base", amounts.NEGATIVE, 852),
    several_at_once(
        {"person_name": "锟斤拷3", "phone": "0000000", "contribution_base": "-1.00"},
        "person_name.legible",
        "person_name.digits",
        "phone.dummy",
        "contribution_base.not_negative",
        turn=870,
    ),
    damaged(Broken.TOO_MANY_CELLS, 903, among=adult),
    damaged(Broken.TOO_FEW_CELLS, 904, among=adult),
    contradiction("contribution_base", "3999.00", 911),
    repetition(921),
)
SOURCE = Source(
    name="social_insurance",
    title="社保参保",
    about=About.PEOPLE,
    form=Format(".csv", "utf-8-sig"),
    records=records,
    drift=("社会保障号码", "险种", "单位名称", "手机号码"),
    phase=PHASE,
    plan=PLAN,
    odd_files=(files.without_records(3),),
)
