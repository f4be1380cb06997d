"""户籍登记: one row per person registered in Inner Mongolia."""

from __future__ import annotations

import numpy as np

from simulation.calendar import AS_OF_DAY, compact_days, day_number, iso_days, moments
from simulation.drawing import addresses, pick_of
from simulation.population import WORKING_AGE
from simulation.regions import counties
from simulation.source import About, Format, Source
from simulation.table import LATER, Table, parts
from simulation.vocabulary import (
    EDUCATION,
    ETHNICITY,
    MARITAL,
    SEX,
    label,
)
from simulation.world import World

EMPLOYERS_UNKNOWN = ["", "", "", "务农", "牧业", "个体", "学生", "退休"]


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Those not yet a few weeks old are in the later file."""
    of = world.people
    members = np.flatnonzero(~of.outsider).tolist()
    count = len(members)
    region = [of.region[at] for at in members]
    born = of.born[members]
    newborn = born > day_number("2026-04-15")
    part = np.where(newborn, LATER, np.array(parts(count), dtype=int)).tolist()
    grown = born + WORKING_AGE <= AS_OF_DAY
    education = np.where(grown, np.array(pick_of(rng, list(EDUCATION), count)), "").tolist()
    moment = np.where(
        newborn,
        np.array(moments(rng, count, 0, ("2026-06-01", "2026-06-28"))),
        np.array(moments(rng, count)),
    ).tolist()
    moved = np.where(rng.random(count) < 0.2, np.array(compact_days(np.minimum(born + 5000, AS_OF_DAY))), "").tolist()
    sent = {
        "id_number": [of.id_number[at] for at in members],
        "person_name": [of.name[at] for at in members],
        "former_name": [""] * count,
        "sex": [SEX[of.sex[at]][0] for at in members],
        "ethnicity": [ETHNICITY[of.ethnicity[at]][0] for at in members],
        "birth_date": compact_days(born),
        "native_region": [of.region[at] for at in members],
        "education_level": [label(EDUCATION, code) for code in education],
        "marital_state": [MARITAL[of.marital[at]][0] for at in members],
        "workplace": pick_of(rng, EMPLOYERS_UNKNOWN, count),
        "household_number": [f"{code}{n:07}" for code, n in zip(region, rng.integers(0, 10**7, count), strict=True)],
        "relation_to_head": pick_of(rng, ["户主", "配偶", "子", "女", "父亲", "母亲"], count),
        "household_type": pick_of(rng, ["家庭户", "家庭户", "集体户"], count),
        "household_region": region,
        "household_address": addresses(rng, region),
        "moved_in_on": moved,
        "registrar": [counties()[code] + "公安局" for code in region],
        "updated_at": moment,
        "operation": ["A" if new else "" for new in newborn.tolist()],
    }
    due: dict[str, list[str | None]] = {
        "sex": [of.sex[at] for at in members],
        "ethnicity": [of.ethnicity[at] for at in members],
        "birth_date": list(iso_days(born)),
        "education_level": [code or None for code in education],
        "marital_state": [of.marital[at] for at in members],
        "moved_in_on": [f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else None for day in moved],
    }
    return Table("household_registration", sent, due, part), members


SOURCE = Source(
    name="household_registration",
    title="户籍登记",
    about=About.PEOPLE,
    form=Format(".csv", "gb18030", line_end="\r\n"),
    records=records,
    drift=(
        "身份证号码",
        "户籍地行政区划代码",
        "最后更新时间",
    ),
    reordered=True,
)
