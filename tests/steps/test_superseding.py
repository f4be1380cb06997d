"""Which row of a key is believed: versions that cannot be right, flags in every spelling, twins, late corrections."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest

from pipelines import clock
from pipelines.rules.verdicts import decide, verdicts_of
from pipelines.tables.specs import BATCHES, RULE_RESULTS, alias_spec, withdrawn_spec
from pipelines.tables.verdict import Verdict
from tests.support.deliveries import Delivered, Row, cells_of, csv_text, deliver, household, name_of, person_id
from tests.support.ground_project import VENUE
from tests.support.place import Opened, Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
OLD, NEW, NEWER = "2026-03-01 08:00:00", "2026-04-01 08:00:00", "2026-05-01 08:00:00"
FLAGS = ["d", "Ｄ", "D　", " D", "删除", "DELETE", "Delete", "ｄｅｌ", "D"]
UNKNOWN = ["X", "2", "删", "作废"]


def old_form(number: int) -> str:
    """The 15 digits that the person's 18 were."""
    identity = person_id(number)
    return identity[:6] + identity[8:17]


def row(number: int, version: str = OLD, flag: str = "", **cells: str) -> Row:
    return {**household(number, 更新时间=version, 操作标志=flag), **cells}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two days of one source: people by number, a kind of trouble each."""
    folder = tmp_path_factory.mktemp("superseding")
    found = Place(folder, project=tiny_project(folder / "project"))
    people = [row(number) for number in (2, *range(10, 40))]
    future = row(1, "2099-01-01 00:00:00", 户籍地区划代码="150402")
    old_forms = [row(41, 公民身份号码=old_form(41)), row(41, "2026/3/1 8:00:00")]
    spaced = [row(42, 姓名=name_of(42) + " "), row(42)]
    twins = [
        row(43),
        row(43, 户籍地区划代码=""),
        row(44),
        row(44, 姓名=name_of(45)),
        row(45, 公民身份号码=old_form(45)),
    ]
    waiting = [row(46, NEW, 姓名=""), row(47, NEW, 姓名="")]
    Delivered(SOURCE, "1.csv", [*people, future, *old_forms, *spaced, *twins, *waiting]).write(found.landing)
    ragged = csv_text(cells_of([row(48)])).rstrip("\n") + ",surplus\n"
    deliver(
        found.landing,
        SOURCE,
        "2.csv",
        ragged + csv_text(cells_of([row(number) for number in (61, 62, 63)])).partition("\n")[2],
    )
    found.run()
    later = [
        row(1, NEW, 姓名=name_of(3)),
        row(2, "2099-01-01 00:00:00", 姓名=name_of(3)),
        *(row(number, NEW, flag) for number, flag in enumerate(FLAGS, start=10)),
        *(row(number, NEW, flag) for number, flag in enumerate(UNKNOWN, start=20)),
        {"公民身份号码": person_id(30), "更新时间": NEW, "操作标志": "D"},
        {"公民身份号码": person_id(31), "更新时间": NEW, "操作标志": "D", "出生日期": "no date", "性别": "7"},
        row(45, NEW),
        row(46, "2020-01-01 08:00:00", 姓名=name_of(3)),
        row(47, NEWER),
        row(48, NEW),
    ]
    Delivered(SOURCE, "3.csv", later).write(found.landing)
    unversioned = [row(32, 姓名=name_of(3)), row(33, flag="D")]
    for declared in unversioned:
        del declared["更新时间"]
    Delivered(SOURCE, "4.csv", unversioned).write(found.landing)
    gone = {name: row(34, NEW, "D")[name] for name in ("公民身份号码", "操作标志")}
    Delivered(SOURCE, "5.csv", [gone, {**gone, "公民身份号码": person_id(60), "操作标志": ""}]).write(found.landing)
    found.run()
    return found


@pytest.fixture(scope="module")
def standing(place: Place) -> dict[str, dict[str, Any]]:
    with place.opened() as at:
        return {row["id_number"]: row for row in at.standard(SOURCE)}


def waiting_for(place: Place, number: int) -> list[list[str]]:
    with place.opened() as at:
        return [
            row["_rules"] for row in at.quarantine(SOURCE) if row["id_number"] in (person_id(number), old_form(number))
        ]


def broken(at: Opened, rule: str) -> int:
    lake = at.workspace.lake
    results = lake.read(RULE_RESULTS)
    return int(lake.engine.scalar(results.filter(results.rule == rule).broken.sum().fill_null(0)))


def test_a_version_ahead_of_its_receipt_never_wins(place: Place, standing: dict[str, dict[str, Any]]) -> None:
    assert standing[person_id(1)]["person_name"] == name_of(3), "over what was delivered later"
    assert standing[person_id(2)]["person_name"] == name_of(2), "nor over what was there before"
    with place.opened() as at:
        assert broken(at, "version.future") == 2


def test_the_time_of_receipt_stands_for_a_version_that_is_missing(place: Place, standing: dict[str, Any]) -> None:
    assert standing[person_id(32)]["person_name"] == name_of(3)
    assert person_id(33) not in standing
    with place.opened() as at:
        (entry,) = [row for row in at.rows(BATCHES) if row["file"] == "4.csv"]
    assert "4.csv, column 更新时间: the column 更新时间 is missing" in entry["problems"][0]
    assert "the time of receipt stands for it; what to do: send the column 更新时间 too" in entry["problems"][0]


@pytest.mark.parametrize("number", range(10, 10 + len(FLAGS)))
def test_a_flag_deletes_in_every_spelling(place: Place, standing: dict[str, Any], number: int) -> None:
    assert person_id(number) not in standing, FLAGS[number - 10]


@pytest.mark.parametrize("number", range(20, 20 + len(UNKNOWN)))
def test_an_unknown_flag_is_quarantined_and_changes_nothing(
    place: Place, standing: dict[str, Any], number: int
) -> None:
    assert waiting_for(place, number) == [["delete_flag.known"]]
    assert standing[person_id(number)]["updated_at"].isoformat() == "2026-03-01T00:00:00+00:00"


def test_a_row_that_deletes_needs_its_key_and_version_alone(place: Place, standing: dict[str, Any]) -> None:
    assert {person_id(30), person_id(31)}.isdisjoint(standing)
    with place.opened() as at:
        spec = withdrawn_spec(at.workspace.catalog, at.workspace.catalog.contracts[SOURCE])
        assert {person_id(30), person_id(31)} <= {row["id_number"] for row in at.rows(spec)}


def test_a_file_of_deletions_needs_the_key_s_column_and_the_flag_s(place: Place, standing: dict[str, Any]) -> None:
    assert person_id(34) not in standing
    assert waiting_for(place, 60) == [["person_name.required", "household_region.required", "version.stated"]]
    with place.opened() as at:
        (entry,) = [row for row in at.rows(BATCHES) if row["file"] == "5.csv"]
    assert "required columns 姓名, 户籍地区划代码 are missing, so that only rows that delete" in entry["problems"][0]


def test_the_same_content_in_another_spelling_is_a_repetition(place: Place, standing: dict[str, Any]) -> None:
    assert {person_id(41), person_id(42)} <= standing.keys()
    assert [standing[person_id(number)]["_flags"] for number in (41, 42)] == [["row.repeated"], ["row.repeated"]]


def test_a_bad_row_does_not_drag_its_good_twin_along(place: Place, standing: dict[str, Any]) -> None:
    assert waiting_for(place, 43) == [["household_region.required"]]
    assert person_id(43) in standing
    assert waiting_for(place, 44) == [["row.contradiction"], ["row.contradiction"]]
    assert person_id(44) not in standing


def test_an_older_row_that_comes_later_corrects_nothing(place: Place) -> None:
    assert waiting_for(place, 46) == [["person_name.required"]]
    assert waiting_for(place, 47) == []


def test_a_damaged_row_leaves_once_its_good_row_came(place: Place, standing: dict[str, Any]) -> None:
    assert waiting_for(place, 48) == []
    assert person_id(48) in standing


def test_a_form_once_seen_stays_an_alias(place: Place) -> None:
    with place.opened() as at:
        spec = alias_spec(at.workspace.catalog, at.workspace.catalog.contracts[SOURCE])
        assert spec
        known = {row["alias"]: row["value"] for row in at.rows(spec)}
        aliases = {row["alias"] for row in at.rows(_spec_of(at, "id_alias"))}
    assert known == {old_form(41): person_id(41), old_form(45): person_id(45)}
    assert aliases == known.keys()


def _spec_of(at: Opened, model: str) -> Any:
    from pipelines.steps.inputs import table_spec

    return table_spec(at.workspace, model)


def test_rows_of_a_rejected_batch_wait_for_nothing(place: Place) -> None:
    """They are held with their batch, shown while it waits for a decision, and counted under it for ever."""
    Delivered(SOURCE, "bad.csv", [row(number, 姓名="") for number in range(50, 56)]).write(place.landing)
    place.run()
    with place.opened() as at:
        (batch,) = [name for name, verdict in verdicts_of(at.workspace.lake).items() if verdict == "held"]
        assert Counter(row["_batch"] for row in at.quarantine(SOURCE))[batch] == 6
        decide(at.workspace.lake, batch, Verdict.REJECTED, "names are missing")
    place.run()
    with place.opened() as at:
        assert batch not in {row["_batch"] for row in at.quarantine(SOURCE)}
        counted = [row for row in at.rows(RULE_RESULTS) if row["batch"] == batch and row["broken"]]
        assert [(row["rule"], row["broken"]) for row in counted] == [("person_name.required", 6)]


def test_few_rejects_hold_no_batch(place: Place) -> None:
    """A push of three rows is no sign that a system went wrong."""
    Delivered(SOURCE, "push.csv", [row(number, 姓名="") for number in range(56, 59)]).write(place.landing)
    done = place.run()
    (judged,) = done.standardised[SOURCE].judged
    assert (judged.verdict, judged.quarantined) == ("passed", 3)


def test_a_clock_set_back_hides_no_delivery(place: Place) -> None:
    yesterday = clock.now() - datetime.timedelta(days=1)
    with patch.object(clock, "now", lambda: yesterday):
        Delivered(SOURCE, "back.csv", [row(35, OLD, 姓名=name_of(3))]).write(place.landing)
        place.run()
    with place.opened() as at:
        times = [
            row["received_at"]
            for row in at.workspace.lake.engine.rows(at.workspace.lake.read(BATCHES).order_by("received_at"))
        ]
        assert len({*times}) == len(times)
        (stands,) = [row for row in at.standard(SOURCE) if row["id_number"] == person_id(35)]
    assert stands["person_name"] == name_of(3), "of two rows of one version the one delivered later"


def venues(*numbers: int) -> list[Row]:
    return [
        {"场所编号": f"V150102{number:06d}", "负责人": name_of(number), "位置": "POINT (1 0)", "更新时间": OLD}
        for number in numbers
    ]


def test_a_snapshot_much_shorter_than_the_last_is_held(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("snapshots")
    project = tiny_project(folder / "project")
    (project / "foundation_dbs/person/sources/venue.yml").write_text(VENUE, encoding="utf-8")
    there = Place(folder, project=project)
    Delivered("venue", "1.csv", venues(*range(20))).write(there.landing)
    Delivered("venue", "2.csv", venues(*range(12))).write(there.landing)
    there.run()
    yesterday = clock.now() - datetime.timedelta(days=1)
    with patch.object(clock, "now", lambda: yesterday):  # and it is the newest, whatever the clock says
        Delivered("venue", "3.csv", venues(*range(5))).write(there.landing)
        (judged,) = there.run().standardised["venue"].judged
    assert (judged.verdict, judged.rules) == ("held", ("batch.snapshot_size",))
    with there.opened() as at:
        assert len(at.standard("venue")) == 12
        decide(at.workspace.lake, judged.batch, Verdict.RELEASED, "venues were closed")
    there.run()
    with there.opened() as at:
        assert len(at.standard("venue")) == 5
