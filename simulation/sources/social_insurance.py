"""社会保险: one row per person and type of insurance, employed by simulated organisations."""

from __future__ import annotations

import numpy as np

from simulation.calendar import AS_OF_DAY, day_number, iso_days, moments
from simulation.drawing import phones
from simulation.population import WORKING_AGE, People
from simulation.regions import CITIES, counties
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.vocabulary import (
    INSURANCE,
    INSURANCE_STATE,
)
from simulation.world import World

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
    of_person = phones(rng, len(people))
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


SOURCE = Source(
    name="social_insurance",
    title="社保参保",
    about=About.PEOPLE,
    form=Format(".csv", "utf-8-sig"),
    records=records,
    drift=(
        "社会保障号码",
        "险种",
        "单位名称",
        "手机号码",
    ),
    phase=PHASE,
)
