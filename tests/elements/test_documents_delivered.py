"""What the rules on documents do to rows that are delivered: files in, tables out, beside rows that are good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.declarations.rule import FLAGS, RULES
from pipelines.steps.inputs import table_spec
from pipelines.tables.specs import AS_SENT, BATCHES, VERDICTS
from tests.support.deliveries import Delivered, Row, death, household, marriage, permit, person_id
from tests.support.place import Opened, Place

COUPLES, HOMES, DEATHS, PERMITS = (
    "marriage_registration",
    "household_registration",
    "death_registration",
    "residence_permit",
)
FOREIGN_CARD, TAIWAN_ID = "911124198108030024", "830000199201300022"
PASSPORT = "E12345678"


def old(number: int) -> str:
    whole = person_id(number)
    return whole[:6] + whole[8:17]


def wedding(number: int, kind: str | None = None, document: str | None = None, **cells: str) -> Row:
    """A registration whose wife is known by a document of some kind."""
    wife = {} if document is None else {"女方身份证件号": document}
    return marriage(number, **({} if kind is None else {"女方证件类型": kind}), **wife, **cells)


# Couple → its registration, and the rules that it breaks.
WEDDINGS: dict[int, tuple[Row, set[str]]] = {
    1: (wedding(1), set()),
    2: (wedding(2, "居民身份证"), set()),
    3: (wedding(3, "身份证", old(6)), set()),
    4: (wedding(4, None, old(8)), set()),
    5: (wedding(5, "护照", PASSPORT), set()),
    6: (wedding(6, "414", " e１２３４５６７９　"), set()),
    7: (wedding(7, "外国人永久居留身份证", FOREIGN_CARD), set()),
    8: (wedding(8, "外国人永久居留身份证", "usa123456789012"), set()),
    9: (wedding(9, "台湾居民来往大陆通行证", "12345678"), set()),
    10: (wedding(10, "港澳居民来往内地通行证", "H1234567890"), set()),
    11: (wedding(11, "台湾居民居住证", TAIWAN_ID), set()),
    12: (wedding(12, "军官证", "军字第12345678号"), set()),
    13: (wedding(13, None, PASSPORT), {"wife_id.form"}),
    14: (wedding(14, "身份证", PASSPORT), {"wife_id.form", "wife_document_fits_type"}),
    15: (wedding(15, "护照", person_id(30)), {"wife_document_fits_type"}),
    16: (wedding(16, None, person_id(32)[:17]), {"wife_id.form"}),
    17: (wedding(17, None, person_id(34)[:17] + "AX"[person_id(34)[17] == "X"]), {"wife_id.form"}),
    18: (wedding(18, "护照", "1.50102E+17"), {"wife_document_fits_type"}),
    19: (wedding(19, "护照", "无"), {"wife_id.required"}),
    20: (wedding(20, "外国人永久居留身份证", person_id(40)), {"wife_document_fits_type"}),
    21: (marriage(21, 男方证件类型="护照", 男方身份证件号="AB1234567"), set()),
    22: (
        marriage(22, 男方证件类型="身份证", 男方身份证件号="AB1234567"),
        {"husband_id.form", "husband_document_fits_type"},
    ),
    23: (marriage(23, 登记日期="1950-01-01"), {"husband_registered_after_birth", "wife_registered_after_birth"}),
    24: (wedding(24, "不知道的证", PASSPORT), {"wife_document_type.listed"}),
}
SEX_OTHER = {"男": "女", "女": "男"}
PEOPLE: dict[int, tuple[Row, set[str]]] = {
    101: (household(101), set()),
    102: (household(102, 性别="男"), {"sex_matches_id"}),
    103: (household(103, 性别="女"), {"sex_matches_id"}),
    104: (household(104, 性别="未说明的性别"), set()),
    105: (household(105, 何时迁入="2999-01-01"), {"moved_in_on.not_future"}),
    106: (household(106, 何时迁入="1950-01-01"), {"moved_in_after_birth"}),
}
DEAD: dict[int, tuple[Row, set[str]]] = {
    201: (death(201), set()),
    202: (death(202, 死亡日期="1950-01-01"), {"death_after_birth"}),
    203: (death(203, 性别="女"), {"sex_matches_id"}),
    204: (death(204, 户籍注销日期="2999-01-01"), {"deregistered_on.not_future"}),
    205: (death(205, 死亡日期="-".join([person_id(205)[6:10], person_id(205)[10:12], person_id(205)[12:14]])), set()),
}
PERMITTED: dict[int, tuple[Row, set[str]]] = {
    301: (permit(301), set()),
    302: (permit(302, 性别="男"), {"sex_matches_id"}),
    303: (permit(303, 签发日期="1950-01-01"), {"issued_after_birth"}),
}
DELIVERED = {COUPLES: WEDDINGS, HOMES: PEOPLE, DEATHS: DEAD, PERMITS: PERMITTED}
# As a spreadsheet leaves numbers: everything behind the fifteenth digit is 000.
SPOILT = [household(number, 公民身份号码=person_id(number)[:15] + "000") for number in range(1_000, 1_100, 10)]
SOUND = [household(number) for number in range(2_001, 2_040)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    place = Place(tmp_path_factory.mktemp("documents"))
    for source, rows in DELIVERED.items():
        # Rows that are good in every way, so that no batch is held for the share of its rejects.
        good = {COUPLES: marriage, HOMES: household, DEATHS: death, PERMITS: permit}[source]
        more = [good(number) for number in range(400, 440)]
        Delivered(source, "甲.csv", [row for row, _ in rows.values()] + more).write(place.landing)
    Delivered(HOMES, "乙.csv", SPOILT[:5] + SOUND).write(place.landing)
    Delivered(
        HOMES, "丙.csv", [*SPOILT[5:], *SPOILT[:3], *(household(number) for number in range(2_101, 2_140))]
    ).write(place.landing)
    place.run()
    with place.opened() as at:
        yield at


def batch_of(at: Opened, source: str, file: str) -> str:
    (found,) = [row["batch"] for row in at.rows(BATCHES) if (row["source"], row["file"]) == (source, file)]
    return str(found)


def broken(at: Opened, source: str) -> dict[int, set[str]]:
    """Row of the file 甲.csv → the rules that it breaks."""
    batch = batch_of(at, source, "甲.csv")
    rows = [(row, FLAGS) for row in at.standard(source)] + [(row, RULES) for row in at.quarantine(source)]
    return {row["_row"]: {*(row[named] or ())} for row, named in rows if row["_batch"] == batch}


@pytest.mark.parametrize("source", DELIVERED)
def test_each_row_breaks_the_rules_that_it_should(lake: Opened, source: str) -> None:
    found = broken(lake, source)
    due = {place: rules for place, (_, rules) in enumerate(DELIVERED[source].values(), start=2)}
    assert {place: found[place] for place in due} == due
    assert not any(rules for place, rules in found.items() if place not in due)


def test_numbers_are_read_as_what_they_are(lake: Opened) -> None:
    rows = {row["_row"]: row for row in lake.standard(COUPLES)}
    read = {number: rows[place] for place, number in enumerate(WEDDINGS, start=2) if place in rows}
    assert (read[3]["wife_id"], read[3]["wife_id" + AS_SENT]) == (person_id(6), old(6))
    assert (read[4]["wife_id"], read[4]["wife_document_type"]) == (person_id(8), None)
    assert [read[number]["wife_id"] for number in (5, 6, 8, 12)] == [
        PASSPORT, "E12345679", "USA123456789012", "军字第12345678号",
    ]  # fmt: skip
    assert [read[number]["wife_document_type"] for number in (2, 5, 7)] == ["111", "414", "553"]


def test_a_passport_is_no_person(lake: Opened) -> None:
    married: dict[str, dict[str, Any]] = {
        row["id_number"]: row for row in lake.rows(table_spec(lake.workspace, "marriage"))
    }
    assert {len(number) for number in married} == {18}
    assert married[person_id(11)]["spouse_id"] == PASSPORT
    assert {FOREIGN_CARD, TAIWAN_ID} <= {*married}
    assert married[person_id(42)]["spouse_id"] == "AB1234567"
    aliases = {row["alias"]: row for row in lake.rows(table_spec(lake.workspace, "id_alias"))}
    assert {old(6), old(8)} <= {*aliases}
    assert aliases[old(6)]["column"] == "wife_id"


def test_a_batch_is_held_once_chance_cannot_have_ended_so_many_numbers_in_000(lake: Opened) -> None:
    verdicts = {row["batch"]: (row["verdict"], row["rules"]) for row in lake.rows(VERDICTS)}
    assert verdicts[batch_of(lake, HOMES, "乙.csv")] == ("passed", [])
    assert verdicts[batch_of(lake, HOMES, "丙.csv")] == ("held", ["batch.id_endings"])
    people = {row["id_number"] for row in lake.standard(HOMES)}
    assert person_id(2_001) in people
    assert person_id(2_101) not in people
