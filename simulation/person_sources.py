"""The registers of people before anything is planted: household, residence permit, death, marriage."""

from __future__ import annotations

import numpy as np

from simulation.calendar import AS_OF_DAY, compact_days, day_number, iso, iso_days, moments
from simulation.population import Mask, People
from simulation.regions import CITIES, counties, place_names
from simulation.table import Table
from simulation.vocabulary import EDUCATION, ETHNICITY, MARITAL, MARRIAGE_EVENT, SEX, label

MAIN, DRIFTED, LATER, UNDATED, SPORADIC = 0, 1, 2, 3, 4
STREETS = [
    "新华大街",
    "中山西路",
    "乌兰察布东街",
    "成吉思汗大街",
    "鄂尔多斯大街",
    "光明路",
    "振兴街",
    "草原街",
    "牧人路",
    "团结小区",
]
EMPLOYERS_UNKNOWN = ["", "", "", "务农", "牧业", "个体", "学生", "退休"]
DOCUMENT_CODE = "111"  # an identity card
WORKING_AGE = 16 * 366
ENOUGH_FOR_TWO_FILES = 200


def parts(count: int) -> list[int]:
    """Two files: three in ten records come from an office whose headers differ; few records come in one file."""
    if count < ENOUGH_FOR_TWO_FILES:
        return [MAIN] * count
    return (np.arange(count) >= count * 7 // 10).astype(int).tolist()


def pick_of(rng: np.random.Generator, choices: list[str], count: int) -> list[str]:
    """Any of the choices, as often as wanted."""
    return np.array(choices)[rng.integers(0, len(choices), count)].tolist()


def addresses(rng: np.random.Generator, regions: list[str]) -> list[str]:
    """A street and number in each region of Inner Mongolia."""
    places = place_names(regions)
    streets = pick_of(rng, STREETS, len(regions))
    numbers = rng.integers(1, 999, len(regions)).tolist()
    return [f"内蒙古自治区{p}{s}{n}号" for p, s, n in zip(places, streets, numbers, strict=True)]


def phones(rng: np.random.Generator, count: int) -> list[str]:
    """Mobile numbers."""
    return [f"1{number}" for number in rng.integers(3_000_000_000, 9_999_999_999, count).tolist()]


def household(rng: np.random.Generator, people: People, members: list[int]) -> Table:
    """户籍登记: one row per person registered in Inner Mongolia, those not yet a few weeks old in the later file."""
    count = len(members)
    of = people
    region = [of.region[at] for at in members]
    born = of.born[members]
    newborn = born > day_number("2026-04-15")
    part = np.where(newborn, LATER, np.array(parts(count), dtype=int)).tolist()
    grown = born + WORKING_AGE <= AS_OF_DAY
    education = np.where(grown, np.array(pick_of(rng, list(EDUCATION), count)), "").tolist()
    moment = np.where(
        newborn,
        np.array(moments(rng, count, "household_registration", ("2026-06-01", "2026-06-28"))),
        np.array(moments(rng, count, "household_registration")),
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
    return Table("household_registration", sent, due, part)


def permit(rng: np.random.Generator, people: People, members: list[int], block: int) -> Table:
    """居住证: people who live elsewhere than they are registered."""
    count = len(members)
    live = pick_of(rng, list(counties()), count)
    issued = rng.integers(day_number("2019-01-01"), day_number("2026-06-01"), count)
    # Prolonged year by year, most of them for as long as anyone will try this; the others were over long ago.
    over = (rng.random(count) < 0.2) & (issued + 365 < AS_OF_DAY - 30)
    valid_to = np.where(over, issued + 365, day_number("2068-12-31"))
    serial = rng.permutation(count)
    sent = {
        "permit_number": [f"J{code}{block:04}{n:06}" for code, n in zip(live, serial, strict=True)],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [people.sex[at] for at in members],
        "ethnicity": [people.ethnicity[at] for at in members],
        "household_region": [people.region[at] for at in members],
        "residence_region": live,
        "residence_address": addresses(rng, live),
        "residence_reason": pick_of(rng, ["务工", "经商", "就学", "投靠亲属", "其他"], count),
        "phone": phones(rng, count),
        "issuer": [counties()[code] + "公安局" for code in live],
        "issued_on": iso_days(issued),
        "valid_from": iso_days(issued),
        "valid_to": iso_days(valid_to),
        "updated_at": moments(rng, count, "residence_permit", ("2024-07-01", "2026-06-29")),
    }
    return Table("residence_permit", sent, {}, parts(count))


def death(rng: np.random.Generator, people: People, members: list[int], block: int) -> Table:
    """死亡登记: one certificate for each of the dead."""
    count = len(members)
    died = people.died[members]
    sent = {
        "certificate_number": [f"15{block:04}{n:08}" for n in rng.permutation(count).tolist()],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "died_on": iso_days(died),
        "place_of_death": pick_of(rng, ["医疗卫生机构", "家中", "养老服务机构", "其他"], count),
        "cause_of_death": pick_of(rng, ["循环系统疾病", "肿瘤", "呼吸系统疾病", "损伤和中毒"], count),
        "issuer": [counties()[people.region[at]] + "人民医院" for at in members],
        "issued_on": iso_days(died + 2),
        "deregistered_on": iso_days(died + 20),
        "updated_at": moments(rng, count, "death_registration", ("2024-07-01", "2026-06-29")),
    }
    return Table("death_registration", sent, {"sex": [people.sex[at] for at in members]}, parts(count))


def couples(people: People, free: Mask) -> tuple[list[int], list[int]]:
    """Husbands and wives of about the same age, as many as there are."""
    able = people.adult & people.alive & free
    sex = np.array(people.sex)
    by_age = np.argsort(people.born, kind="stable")
    able &= np.array(people.marital) != "10"
    husbands = by_age[able[by_age] & (sex[by_age] == "1")]
    wives = by_age[able[by_age] & (sex[by_age] == "2")]
    pairs = min(len(husbands), len(wives))
    # The younger end of both is paired, so that a surplus of either sex does not pull couples apart in age.
    return husbands[len(husbands) - pairs :].tolist(), wives[len(wives) - pairs :].tolist()


def marriage(rng: np.random.Generator, people: People, pairs: tuple[list[int], list[int]], block: int) -> Table:
    """婚姻登记: each couple's marriage, at ages that the law allows, and what came after for some."""
    husbands, wives = pairs
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
            f"J{code}-{iso(int(d))[:4]}-{block:03}{n:06}"
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
        "updated_at": moments(rng, rows, "marriage_registration"),
    }
    due: dict[str, list[str | None]] = {
        "marriage_event": list(event),
        "husband_document_type": list(due_document),
        "wife_document_type": list(due_document),
    }
    return Table("marriage_registration", sent, due, parts(rows))
