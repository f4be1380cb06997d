"""电子证照: first versions of licences, held by some people and by organisations that are in good order."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, dates, license_chains, license_holders, nothing
from simulation.defects import licenses as license_defects
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.license_holders import HOLDER_OF_TYPE, ISSUER_OF_TYPE, holder_of
from simulation.defects.records import contradiction, damaged, repetition
from simulation.licenses import PERSON, draw_license
from simulation.planting import Planting, on
from simulation.publications import draw_subjects, meant
from simulation.source import About, Format, Source
from simulation.table import Broken, Table, parts
from simulation.truth.golden import name_key
from simulation.truth.licenses import licenses_due
from simulation.world.block import World
from simulation.world.calendar import SENTINELS, moments

LICENSES_FEWEST = 300


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One for twenty people, three in four of organisations."""
    subjects = draw_subjects(rng, world, max(world.total // 20, LICENSES_FEWEST))
    count = len(subjects)
    holders = [holder_of(subject) for subject in subjects]
    rows = [draw_license(rng, holder, f"F{number:09}") for number, holder in enumerate(holders)]
    sent = {column: [row[column] for row in rows] for column in rows[0]}
    sent["updated_at"] = moments(rng, count)
    due: dict[str, list[str | None]] = {
        "state": ["01"] * count,
        "holder_code_type": [holder.code_type for holder in holders],
        "holder_key": [name_key(holder.name) for holder in holders],
    }
    return (Table("e_license", sent, due, parts(count), meant=meant(subjects)),)


def _of_another_type(table: Table, row: int) -> list[str]:
    """The first types of all are held by organisations."""
    is_person = table.column("holder_code_type")[row] == PERSON
    return [license_defects.TYPE_DIFFERS, ISSUER_OF_TYPE, *([HOLDER_OF_TYPE] if is_person else [])]


PLAN = (
    on("license_identifier", license_defects.WRONG_CHECK_CHARACTER),
    on("license_identifier", license_defects.NO_IDENTIFIER),
    on("license_identifier", license_defects.SPELLING),
    on("issuer_code", license_defects.ANOTHER_ISSUER, rules=[license_defects.ISSUER_DIFFERS]),
    on("type_code", license_defects.ANOTHER_TYPE, rules=_of_another_type),
    on("issuer_code", license_defects.ISSUER_CHECK_DIGIT, rules=[license_defects.ISSUER_DIFFERS]),
    Planting(license_defects.code_of_another_type),
    on(["license_identifier", "holder_code", "issuer_code", "license_number"], WITH_MARKS),
    Planting(license_defects.issuer_with_another_check),
    on(["valid_to", "issued_on"], dates.WITH_OFFSET),
    on("valid_from", dates.sentinel("0001-01-01", kind="date_year_one")),
    on("issued_on", dates.in_future("license_issued_in_future")),
    on("valid_from", dates.unreadable("2024-02-30", kind="license_date_unreadable")),
    on("valid_to", license_defects.OUT_OF_ORDER, rules=["validity_in_order"]),
    on("valid_to", dates.no_end("license_without_end", *SENTINELS, "长期", "永久有效")),
    on("valid_to", dates.no_end("license_without_end_in_words", "长期")),
    on("state", codes.unlisted_critical("挂失", "license_state_unknown")),
    on("holder_code_type", codes.unlisted("工作证", "holder_code_type_unknown"), rules=[HOLDER_OF_TYPE]),
    on("holder_name", nothing.required("无"), rules=["holder_key.required"]),
    *license_holders.PLAN,
    *license_chains.PLAN,
    damaged(Broken.NO_JSON),
    repetition(),
    contradiction("license_number", "蒙00-0"),
    Planting(license_defects.what_came_later),
)
SOURCE = Source(
    name="e_license",
    title="电子证照",
    about=About.ANYONE,
    form=Format(".jsonl"),
    records=records,
    drift=("电子证照标识", "颁发机构", "持证主体名称"),
    plan=PLAN,
    due=licenses_due,
)
