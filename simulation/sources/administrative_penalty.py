"""行政处罚公示: penalties of organisations and people, some of which revoke a licence that is published as valid."""

from __future__ import annotations

import numpy as np

from simulation.among import Among
from simulation.defects import codes, credit_codes, dates, publications
from simulation.defects import id_numbers as ids
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import Later, deleted, later_on, updated
from simulation.planting import Written, accepted, flagged, on
from simulation.publications import (
    authorities,
    draw_subjects,
    meant,
    reported_at,
    revoked_e_licenses,
    revoked_licences,
    sources_of_data,
    subject_block,
    subject_due,
)
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import PENALTY_STATE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days
from simulation.world.drawing import pick_of
from simulation.world.people import Mask

FEWEST = 220
WARNED, FINED, CONFISCATED, REVOKED = "1", "2", "3", "5"
# How files write the categories, and the codes due.
CATEGORIES = (
    ("警告", "1"),
    ("罚款", "2"),
    ("2", "2"),
    ("罚款;警告", "1;2"),
    ("警告、罚款", "1;2"),
    ("罚款；没收违法所得、没收非法财物", "2;3"),
    ("暂扣或吊销许可证/执照", "5"),
    ("1,2", "1;2"),
)
OFFENCES = ("无证经营", "虚假宣传", "未按规定公示", "超范围经营")


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One for fifty people, and behind them those that have revoked a licence."""
    ordinary = draw_subjects(rng, world, max(world.total // 50, FEWEST))
    revoked = [*revoked_licences(world), *revoked_e_licenses(world)]
    subjects = [*ordinary, *(subject for subject, _ in revoked)]
    count = len(subjects)
    written = [CATEGORIES[at] for at in rng.integers(0, len(CATEGORIES), len(ordinary)).tolist()]
    written += [CATEGORIES[6]] * len(revoked)
    days = rng.integers(day_number("2023-06-01"), day_number("2026-03-20"), count)
    amounts = rng.integers(1, 400, count).tolist()
    authority, authority_code = authorities(rng, count)
    states = pick_of(rng, ["valid", "valid", "valid", "repaired", "withdrawn"], len(ordinary)) + ["valid"] * len(
        revoked
    )
    named = [f"食品经营许可证 JY215{at:08}" for at in range(len(ordinary))]
    named += [f"食品经营许可证 {number}" for _, number in revoked]
    offences = pick_of(rng, list(OFFENCES), count)
    sent = {
        **subject_block(subjects),
        "decision_number": [f"蒙罚决〔{iso(day)[:4]}〕{at:07}号" for at, day in enumerate(days.tolist())],
        "offence_type": offences,
        "offence": [f"当事人{offence}" for offence in offences],
        "penalty_basis": ["《中华人民共和国行政处罚法》第二十八条"] * count,
        "penalty_category": [label for label, _ in written],
        "content": ["吊销许可证" if REVOKED in code else "依法处罚" for _, code in written],
        "fine": [_wan(amount) if FINED in code else "" for (_, code), amount in zip(written, amounts, strict=True)],
        "confiscated": ["0.2" if CONFISCATED in code else "" for _, code in written],
        "affected_licence": [name if REVOKED in code else "" for (_, code), name in zip(written, named, strict=True)],
        "decided_on": iso_days(days),
        "effective_until": iso_days(days + 365),
        "published_until": iso_days(days + 364),
        "authority": authority,
        "authority_code": authority_code,
        "state": [PENALTY_STATE[state][0] for state in states],
        **sources_of_data(rng, count),
        "remark": [""] * count,
        "exported_at": ["2026-04-01 08:00:00"] * count,
        "updated_at": reported_at(rng, days.tolist()),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        **subject_due(subjects),
        "penalty_category": [code for _, code in written],
        "fine": [
            f"{amount * 500}.00" if FINED in code else None for (_, code), amount in zip(written, amounts, strict=True)
        ],
        "confiscated": ["2000.00" if CONFISCATED in code else None for _, code in written],
        "state": list(states),
    }
    table = Table("administrative_penalty", sent, due, parts(count), meant=meant(subjects, len(revoked)))
    return (table,)


def _wan(amount: int) -> str:
    """So many times 500 yuan, in ten thousands of yuan."""
    return f"{amount * 0.05:.2f}"


def _of_codes(*wanted: str) -> Among:
    def mask(register: Register) -> Mask:
        held = register.table.column("penalty_category")[: register.subjects]
        kept = register.table.meant["kept"][: register.subjects]
        return np.array([code in wanted and not special for code, special in zip(held, kept, strict=True)])

    return mask


IN_YUAN = flagged("fine_in_yuan", Written("50000", "500000000.00"), Written("20000.5", "200005000.00"))
NO_FINE = flagged("fine_missing", Written("", None), Written("0", "0.00"))
FINE_BESIDE_WARNING = flagged("fine_without_category", Written("0.5", "5000.00"))
NO_LICENCE = flagged("affected_licence_missing", "", due=None)
UNREADABLE = flagged("fine_unreadable", "若干", checks=["form"], due=None)

PLAN = (
    *publications.BLOCK,
    on("authority_code", credit_codes.WRONG_CHECK_DIGIT),
    on("document", ids.WRONG_CHECK_DIGIT, among=publications.PERSONS),
    on("fine", IN_YUAN, among=_of_codes("2"), rules=["fine_in_wan"]),
    on("fine", NO_FINE, among=_of_codes("2"), rules=["fine_with_category"]),
    on("fine", FINE_BESIDE_WARNING, among=_of_codes("1"), rules=["fine_with_category"]),
    on("fine", UNREADABLE, among=_of_codes("2"), rules=["fine_with_category"]),
    on(
        "confiscated",
        flagged("confiscation_missing", "", due=None),
        among=_of_codes("2;3"),
        rules=["confiscation_with_category"],
    ),
    on(
        "confiscated",
        flagged("confiscation_in_yuan", Written("30000", "300000000.00")),
        among=_of_codes("2;3"),
        rules=["confiscation_in_wan"],
    ),
    on("affected_licence", NO_LICENCE, among=_of_codes("5"), rules=["licence_with_category"]),
    on(
        "penalty_category",
        flagged("penalty_category_unlisted", "责令检讨", "警告;训诫", checks=["listed"]),
        among=_of_codes("1"),
    ),
    on("published_until", flagged("publicity_too_short", dates.shifted(-340)), rules=["publicity_period"]),
    on("published_until", flagged("publicity_too_long", dates.shifted(2_000)), rules=["publicity_period"]),
    on("published_until", dates.unreadable("三年后")),
    on("decided_on", dates.in_future("penalty_decided_in_future"), rules=["publicity_period"]),
    on("state", codes.unlisted("1")),
    on("penalty_category", accepted("penalty_category_spaced", " 罚款 ; 警告 ", due="1;2"), among=_of_codes("1;2")),
    repetition(),
    contradiction("offence", "当事人另有违法行为"),
    later_on(Later(updated("content", "（已履行）")), Later(deleted)),
)
SOURCE = Source(
    name="administrative_penalty",
    title="行政处罚",
    about=About.ANYONE,
    form=Format(".xlsx"),
    records=records,
    drift=(
        "行政相对人代码_2(组织机构代码)",
        "行政相对人代码_3(工商注册号)",
        "行政处罚决定文书号",
        "罚款金额(万)",
        "没收金额(万)",
        "处罚机关代码",
        "cd_time",
    ),
    plan=PLAN,
)
