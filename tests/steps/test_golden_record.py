"""How one golden record comes of what several sources say: authority, latest, majority, and what is on record of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.tables.specs import conflict_spec, golden_spec
from tests.support.deliveries import Row, cells_of, csv_text, deliver, household, name_of, person_id
from tests.support.place import PROJECT, Place

RECORD = "foundation_dbs/person/person.yml"
SOURCES = (
    "household_registration",
    "residence_permit",
    "floating_population_registration",
    "death_registration",
    "social_insurance",
    "qualification_certificate",
    "housing_fund",
)
MAJORITY, TIE, MOVED, STAYED, VARIANT, UNKNOWN, ANCIENT = 1, 3, 5, 7, 9, 11, 13
# Values that break a check of their element: beside a sound one, on the newer row, and alone.
UNLISTED, NOWHERE, SINGLE_SOURCE, MASKED = 15, 17, 19, 21
# Registered apart from their household: still there, gone since, cancelled without a day, and by a word of no list.
AWAY, GONE, CANCELLED, RENEWED = 23, 25, 27, 35
PASSPORT = "E12345678"
# Whom nobody knows but who gave them a certificate, or keeps their account.
CERTIFIED, SAVING = 29, 31


def permit(number: int, **cells: str) -> Row:
    identity = {"居住证编号": f"P{number:06d}", "公民身份号码": person_id(number), "姓名": name_of(number)}
    return {**identity, "性别": "男", "现居住地区划代码": "150402", "更新时间": "2026-03-02 08:00:00", **cells}


def death(number: int, **cells: str) -> Row:
    identity = {"死亡证编号": f"D{number:06d}", "公民身份号码": person_id(number), "姓名": name_of(number)}
    return {**identity, "性别": "男", "死亡日期": "2026-01-05", "更新时间": "2026-03-03 08:00:00", **cells}


def registration(number: int, event: str, **cells: str) -> Row:
    """Of a person who lives apart from the household; later than what the household register says."""
    identity = {"登记编号": f"L{number:06d}", "公民身份号码": person_id(number), "姓名": name_of(number)}
    where = {"现居住地区划代码": "150302", "现居住地址": f"新街{number}号", "登记日期": "2026-02-01"}
    return {**identity, **where, "登记类型": event, "更新时间": "2026-03-02 08:00:00", "离开日期": "", **cells}


def certificate(number: int) -> Row:
    identity = {"证书编号": f"Q{number:06d}", "公民身份号码": person_id(number), "姓名": name_of(number)}
    about = {"证书类型": "职业资格", "证书名称": "消防设施操作员", "签发日期": "2024-05-01", "发证机关": "某鉴定中心"}
    return {**identity, **about, "更新时间": "2026-03-02 08:00:00"}


def account(number: int, document: str, kind: str) -> Row:
    held = {"个人账号": f"8{number:09d}", "中心代码": "C150100", "证件类型": kind, "证件号码": document}
    state = {"姓名": name_of(number), "个人账户状态": "正常", "开户日期": "2020-01-02"}
    return {**held, **state, "更新时间": "2026-03-02 08:00:00"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Golden rows by number and conflicts, where the sexes of persons are decided by majority."""
    folder = tmp_path_factory.mktemp("golden")
    few_sources(folder / "project")
    place = Place(folder, project=folder / "project")
    deliver_people(place.landing)
    place.run()
    with place.opened() as at:
        record = at.workspace.catalog.records["person"]
        golden = {row["id_number"]: row for row in at.rows(golden_spec(at.workspace.catalog, record))}
        return {"golden": golden, "conflicts": at.rows(conflict_spec(at.workspace.catalog, record))}


def few_sources(project: Path) -> None:
    """The golden record of persons as it is declared, over these sources alone, and of the sex a majority decides."""
    sources = [f"foundation_dbs/person/sources/{name}.yml" for name in SOURCES]
    for path in ("catalog", "expectations/every_source.yml", *sources):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (PROJECT / path).is_dir() else shutil.copyfile
        copy(PROJECT / path, project / path)
    record = yaml.safe_load((PROJECT / RECORD).read_text(encoding="utf-8"))
    for attribute in record["attributes"].values():
        attribute["from"] = [place for place in attribute["from"] if place.partition(".")[0] in SOURCES]
    record["attributes"]["sex"]["resolve"] = "majority"
    (project / RECORD).write_text(yaml.safe_dump(record, allow_unicode=True, sort_keys=False), encoding="utf-8")


def deliver_people(landing: Path) -> None:
    spelt = name_of(VARIANT)
    households = [
        *(household(number) for number in (MAJORITY, TIE, MOVED, STAYED)),
        household(ANCIENT, 更新时间="1900-01-01 00:00:00"),
        household(VARIANT, 姓名=f"{spelt[0]}·{spelt[1]}"),
        household(UNLISTED, 民族="77", 性别="7"),
        household(NOWHERE),
        household(SINGLE_SOURCE, 民族="77"),
        household(MASKED, 姓名=f"{name_of(MASKED)[0]}**"),
        *(household(number) for number in (AWAY, GONE, CANCELLED, RENEWED)),
    ]
    registrations = [
        registration(AWAY, "登记"),
        registration(GONE, "登记", 离开日期="2026-02-20"),
        registration(CANCELLED, "注销"),
        registration(RENEWED, "续期"),
    ]
    permits = [
        permit(MAJORITY, 性别="女"),
        permit(TIE, 性别="女"),
        permit(MOVED),
        permit(STAYED, 更新时间="2020-01-01 08:00:00"),
        permit(VARIANT, 姓名=f"{spelt[0]} • {spelt[1]}"),
        permit(UNKNOWN, 性别=""),
        permit(UNLISTED, 民族="01", 性别=""),
        permit(NOWHERE, 现居住地区划代码="159999"),
        permit(MASKED),
    ]
    deaths = [death(MAJORITY, 性别="女")]
    for source, rows in (
        ("household_registration", households),
        ("residence_permit", permits),
        ("floating_population_registration", registrations),
        ("death_registration", deaths),
        ("qualification_certificate", [certificate(CERTIFIED)]),
        ("housing_fund", [account(SAVING, person_id(SAVING), "身份证"), account(33, PASSPORT, "护照")]),
    ):
        header = list(dict.fromkeys(name for row in rows for name in row))
        deliver(landing, source, "1.csv", csv_text(cells_of(rows, header)))


def of(people: dict[str, Any], number: int) -> dict[str, Any]:
    return people["golden"][person_id(number)]


def test_a_majority_outvotes_the_authority(people: dict[str, Any]) -> None:
    row = of(people, MAJORITY)
    assert (row["sex"], row["sex_source"], row["sex_disputed"]) == ("2", "residence_permit", True)


def test_a_tied_vote_goes_to_the_authority(people: dict[str, Any]) -> None:
    row = of(people, TIE)
    assert (row["sex"], row["sex_source"], row["sex_disputed"]) == ("1", "household_registration", True)


def test_the_latest_word_stands_and_is_no_dispute(people: dict[str, Any]) -> None:
    moved, stayed = of(people, MOVED), of(people, STAYED)
    assert (moved["residence_region"], moved["residence_region_source"]) == ("150402", "residence_permit")
    assert (stayed["residence_region"], stayed["residence_region_source"]) == ("150102", "household_registration")
    assert not moved["residence_region_disputed"]


def test_a_registration_counts_while_it_goes_on_and_is_not_cancelled(people: dict[str, Any]) -> None:
    lives = {number: of(people, number) for number in (AWAY, GONE, CANCELLED, RENEWED)}
    assert {number: row["residence_region"] for number, row in lives.items()} == {
        AWAY: "150302",
        GONE: "150102",
        CANCELLED: "150102",
        RENEWED: "150302",
    }
    assert lives[AWAY]["residence_address"] == f"新街{AWAY}号"


def test_a_person_is_known_by_any_source_and_nobody_by_a_passport(people: dict[str, Any]) -> None:
    certified, saving = of(people, CERTIFIED), of(people, SAVING)
    assert (certified["person_name"], certified["person_name_source"]) == (name_of(CERTIFIED), SOURCES[5])
    assert (saving["person_name"], saving["person_name_source"]) == (name_of(SAVING), SOURCES[6])
    assert PASSPORT not in people["golden"]


def test_a_placeholder_of_a_date_is_still_a_word(people: dict[str, Any]) -> None:
    row = of(people, ANCIENT)
    assert (row["residence_region"], row["residence_region_source"]) == ("150102", "household_registration")


def test_spelling_is_no_dispute_and_the_authority_s_text_stands(people: dict[str, Any]) -> None:
    row = of(people, VARIANT)
    spelt = name_of(VARIANT)
    assert row["person_name"] == f"{spelt[0]}·{spelt[1]}"
    assert not row["person_name_disputed"]


def test_what_no_source_says_comes_from_the_number(people: dict[str, Any]) -> None:
    row = of(people, UNKNOWN)
    assert (row["sex"], row["sex_source"]) == ("1", "id_number")
    assert row["birth_date"].strftime("%Y%m%d") == person_id(UNKNOWN)[6:14]
    assert not row["sex_disputed"]


def test_what_is_in_no_code_list_yields_to_another_source_s_value_and_to_what_the_number_says(
    people: dict[str, Any],
) -> None:
    row = of(people, UNLISTED)
    assert (row["ethnicity"], row["ethnicity_source"]) == ("01", "residence_permit")
    assert row["ethnicity_disputed"]
    assert (row["sex"], row["sex_source"]) == ("1", "id_number")
    assert row["_flags"] is None


def test_a_region_that_never_was_does_not_stand_because_it_is_newer(people: dict[str, Any]) -> None:
    row = of(people, NOWHERE)
    assert (row["residence_region"], row["residence_region_source"]) == ("150102", "household_registration")


def test_a_value_in_no_code_list_that_nothing_better_is_known_for_is_marked(people: dict[str, Any]) -> None:
    row = of(people, SINGLE_SOURCE)
    assert (row["ethnicity"], row["ethnicity_source"]) == ("77", "household_registration")
    assert row["_flags"] == ["ethnicity.listed"]


def test_a_masked_name_yields_to_a_whole_one(people: dict[str, Any]) -> None:
    row = of(people, MASKED)
    assert (row["person_name"], row["person_name_source"]) == (name_of(MASKED), "residence_permit")
    assert row["person_name_disputed"]


def test_a_conflict_names_every_claim_and_who_must_act(people: dict[str, Any]) -> None:
    claims = {
        conflict["source"]: (conflict["value"], conflict["stands"], conflict["agency"])
        for conflict in people["conflicts"]
        if conflict["id_number"] == person_id(MAJORITY)
    }
    assert claims == {
        "household_registration": ("1", False, "public_security_150100"),
        "residence_permit": ("2", True, None),
        "death_registration": ("2", True, None),
    }
    of_votes = [person_id(MAJORITY), person_id(TIE)]
    assert (
        sorted({conflict["id_number"] for conflict in people["conflicts"] if conflict["attribute"] == "sex"})
        == of_votes
    )
