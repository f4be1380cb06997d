"""婚姻登记: each couple's marriage, and what came after for some."""

from __future__ import annotations

import numpy as np

from simulation.among import both_born_before, married_once
from simulation.defects import codes, dates, documents, names, nothing
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import damaged, repetition
from simulation.planting import at_least, on
from simulation.source import About, Format, Source
from simulation.table import Broken, Table, parts
from simulation.vocabulary import MARRIAGE_EVENT, label
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, SENTINELS, iso, iso_days, moments
from simulation.world.drawing import pick_of
from simulation.world.places import CITIES, counties

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
    due_document = [DOCUMENT_CODE if number else None for number in document]
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


PLAN = (
    documents.of_foreigners("wife", "husband", turn=103, among=married_once),
    documents.of_another_type("wife", 104, among=married_once),
    documents.same_of_both_spouses(204),
    on("husband_id", ids.FIFTEEN_DIGITS, 303, among=both_born_before("2000-01-01")),
    on("husband_id", ids.WRONG_CHECK_DIGIT, 304, rules=documents.fits_no_type("husband")),
    on("wife_id", ids.MUCH_TOO_SHORT, 305, rules=documents.fits_no_type("wife")),
    on("wife_id", nothing.required(""), 306),
    on("wife_name", names.ONE_CHARACTERS_LOST, 403),
    on("wife_name", names.NOT_LEGIBLE, 426),
    on("wife_name", names.OF_NOBODY_THOUGH_OPTIONAL, 427),
    on(["wife_id", "registration_number"], WITH_MARKS, 705),
    on("marriage_event", codes.FULL_WIDTH_OR_PADDED, 710),
    on("registered_on", dates.sentinel_required("0001-01-01", kind="date_year_one_required"), 715),
    on("registered_on", dates.WITH_OFFSET, 722),
    on("registered_on", dates.sentinel_required(*SENTINELS), 808),
    on("registered_on", dates.in_future("registered_in_future", "2099-05-20"), 814),
    on("marriage_event", codes.unlisted_critical("订婚"), 834),
    on("marriage_event", codes.other_label(MARRIAGE_EVENT, 1), 839),
    damaged(Broken.NO_JSON, 906, count=at_least(2)),
    repetition(923),
)
SOURCE = Source(
    name="marriage_registration",
    title="婚姻登记",
    about=About.PEOPLE,
    form=Format(".jsonl"),
    records=records,
    drift=("男方身份证号", "女方身份证号", "男方身份证件类型", "结婚证字号"),
    reordered=True,
    plan=PLAN,
)
