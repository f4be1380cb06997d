"""死亡登记: one certificate for each of the dead."""

from __future__ import annotations

import numpy as np

from simulation.among import born_before
from simulation.defects import dates
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.planting import at_least, on, once
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.vocabulary import SEX
from simulation.world.block import World
from simulation.world.calendar import iso_days, moments
from simulation.world.drawing import pick_of
from simulation.world.places import counties

PHASE = 3


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Certificates of the dead of a block."""
    people = world.people
    members = np.flatnonzero(~people.alive).tolist()
    count = len(members)
    died = people.died[members]
    sent = {
        "certificate_number": [f"15{world.number:04}{n:08}" for n in rng.permutation(count).tolist()],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "died_on": iso_days(died),
        "place_of_death": pick_of(rng, ["医疗卫生机构", "家中", "养老服务机构", "其他"], count),
        "cause_of_death": pick_of(rng, ["循环系统疾病", "肿瘤", "呼吸系统疾病", "损伤和中毒"], count),
        "issuer": [counties()[people.region[at]] + "人民医院" for at in members],
        "issued_on": iso_days(died + 2),
        "deregistered_on": iso_days(died + 20),
        "updated_at": moments(rng, count, PHASE, ("2024-07-01", "2026-06-29")),
    }
    due: dict[str, list[str | None]] = {"sex": [people.sex[at] for at in members]}
    return Table("death_registration", sent, due, parts(count)), members


PLAN = (
    on("id_number", ids.FIFTEEN_DIGITS, 309, count=once, among=born_before("2000-01-01")),
    on("id_number", ids.WRONG_CHECK_DIGIT, 343, count=once),
    on("deregistered_on", dates.in_future(), 505, count=once),
    dates.died_before_birth("id_number", "died_on", 506),
    on("certificate_number", WITH_MARKS, 704, count=at_least(2)),
    on("deregistered_on", dates.YEAR_ONE_MEANS_NOTHING, 714, count=once),
    on("died_on", dates.sentinel_required("9999-12-31"), 809),
    on("died_on", dates.in_future("died_in_future"), 815),
)
SOURCE = Source(
    name="death_registration",
    title="死亡登记",
    about=About.PEOPLE,
    form=Format(".parquet"),
    records=records,
    drift=("身份证号", "死亡时间", "死亡证明编号"),
    phase=PHASE,
    plan=PLAN,
)
