"""婚姻登记: each couple's marriage, and what came after for some."""

from __future__ import annotations

import numpy as np

from simulation.calendar import AS_OF_DAY, iso, iso_days, moments
from simulation.drawing import pick_of
from simulation.regions import CITIES, counties
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.vocabulary import (
    MARRIAGE_EVENT,
    label,
)
from simulation.world import World

DOCUMENT_CODE = "111"  # an identity card


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int], list[int]]:
    """Marriages at ages that the law allows; the first rows are those of the couples in their order."""
    people, (husbands, wives) = world.people, world.couples
    count = len(husbands)
    of_age = np.maximum(people.born[husbands], people.born[wives] - 2 * 365) + 22 * 366
    last = np.minimum(AS_OF_DAY, of_age + 15 * 365)
    wed = of_age + (rng.random(count) * (np.maximum(last - of_age, 1))).astype(np.int64)
    again = np.flatnonzero((rng.random(count) < 0.1) & (wed + 700 <= AS_OF_DAY))
    who = np.concatenate([np.arange(count), again])
    event = np.concatenate([np.repeat("1", count), np.where(rng.random(len(again)) < 0.6, "2", "3")]).tolist()
    day = np.concatenate([wed, wed[again] + 500])
    husband = [husbands[at] for at in who]
    wife = [wives[at] for at in who]
    rows = len(who)
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in husband]
    # The older records say nothing of documents: each was an identity card.
    document = pick_of(rng, ["居民身份证", ""], rows)
    due_document = [DOCUMENT_CODE if said else None for said in document]
    sent = {
        "registration_number": [
            f"J{code}-{iso(int(d))[:4]}-{world.number:03}{n:06}"
            for code, d, n in zip(region, day, rng.permutation(rows), strict=True)
        ],
        "marriage_event": [label(MARRIAGE_EVENT, code) for code in event],
        "registered_on": iso_days(day),
        "husband_name": [people.name[at] for at in husband],
        "husband_document_type": list(document),
        "husband_id": [people.id_number[at] for at in husband],
        "wife_name": [people.name[at] for at in wife],
        "wife_document_type": list(document),
        "wife_id": [people.id_number[at] for at in wife],
        "registrar": [CITIES[code[:4] + "00"] + "民政局" for code in region],
        "registrar_region": region,
        "updated_at": moments(rng, rows),
    }
    due: dict[str, list[str | None]] = {
        "marriage_event": list(event),
        "husband_document_type": list(due_document),
        "wife_document_type": list(due_document),
    }
    return Table("marriage_registration", sent, due, parts(rows)), husbands, wives


SOURCE = Source(
    name="marriage_registration",
    title="婚姻登记",
    about=About.PEOPLE,
    form=Format(".jsonl"),
    records=records,
    drift=(
        "男方身份证号",
        "女方身份证号",
        "男方身份证件类型",
        "结婚证字号",
    ),
    reordered=True,
)
