"""Decisions on batches say who made them, can be taken back, and every table follows as if it were made anew."""

from __future__ import annotations

import getpass
import shutil
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from pipelines.rules.verdicts import verdicts_of
from pipelines.tables.specs import BATCHES, VERDICTS
from tests.lake.test_incremental import assert_equals_a_rebuild
from tests.support.deliveries import Delivered, Row, household, person_id
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Four people, and a batch of two more whose names are missing in six further rows, which is held."""
    found = Place(tmp_path / "decided", project=tiny_project(tmp_path / "project"))
    Delivered(SOURCE, "first.csv", [household(number) for number in range(4)]).write(found.landing)
    nameless = [household(number, 姓名="") for number in range(20, 26)]
    Delivered(SOURCE, "nameless.csv", [household(10), household(11), *nameless]).write(found.landing)
    found.run()
    return found


def batch(place: Place, file: str) -> str:
    with place.opened() as at:
        return next(str(row["batch"]) for row in at.rows(BATCHES) if row["file"] == file)


def decided(place: Place, option: str, file: str, *more: str) -> str:
    done = place.huiliu("gate", option, batch(place, file), "--reason", "as drawn", *more)
    assert done.returncode == 0, done.stderr
    place.run()
    return done.stdout


def people(place: Place) -> set[str]:
    with place.opened() as at:
        return {row["id_number"] for row in at.standard(SOURCE)}


def of(*numbers: int) -> set[str]:
    return {person_id(number) for number in numbers}


def last(place: Place) -> dict[str, Any]:
    with place.opened() as at:
        return max(at.rows(VERDICTS), key=lambda row: row["decided_at"])


def test_a_release_is_revoked_and_given_again(place: Place, tmp_path: Path) -> None:
    output = decided(place, "release", "nameless.csv")
    assert f"gate revoke {batch(place, 'nameless.csv')}" in output
    assert people(place) == of(0, 1, 2, 3, 10, 11)
    assert " is held again" in decided(place, "revoke", "nameless.csv")
    assert people(place) == of(0, 1, 2, 3)
    assert_equals_a_rebuild(place, tmp_path / "rebuilt")
    decided(place, "release", "nameless.csv")
    assert people(place) == of(0, 1, 2, 3, 10, 11)


def test_a_rejection_is_revoked_and_its_rows_wait_again(place: Place, tmp_path: Path) -> None:
    def waiting() -> int:
        with place.opened() as at:
            return len(at.quarantine(SOURCE))

    assert waiting() == 6
    decided(place, "reject", "nameless.csv")
    assert waiting() == 0
    decided(place, "revoke", "nameless.csv")
    assert waiting() == 6
    assert_equals_a_rebuild(place, tmp_path / "rebuilt")


def test_a_passed_batch_is_recalled_and_the_rows_before_it_stand_again(place: Place, tmp_path: Path) -> None:
    later = {"更新时间": "2026-05-01 08:00:00"}
    changed: list[Row] = [
        household(1, 户籍地区划代码="150105", **later),
        household(2, 操作标志="D", **later),
        household(7),
    ]
    before = people(place)
    Delivered(SOURCE, "wrong.csv", changed).write(place.landing)
    place.run()
    assert people(place) == of(0, 1, 3, 7)
    decided(place, "recall", "wrong.csv")
    assert people(place) == before
    assert_equals_a_rebuild(place, tmp_path / "rebuilt")
    decided(place, "revoke", "wrong.csv")
    assert people(place) == of(0, 1, 3, 7)


def test_who_decided_is_kept_and_only_a_name_that_was_given_is_shown(place: Place, tmp_path: Path) -> None:
    def shown() -> str:
        assert place.huiliu("report", "--out", "report").returncode == 0
        return "".join(path.read_text(encoding="utf-8") for path in (place.folder / "report").rglob("*.html"))

    decided(place, "release", "nameless.csv")
    assert (last(place)["decided_by"], last(place)["account"]) == (None, getpass.getuser())
    assert f"（{getpass.getuser()}，" not in shown()
    decided(place, "revoke", "nameless.csv", "--by", "数据质量科")
    assert (last(place)["verdict"], last(place)["decided_by"]) == ("revoked", "数据质量科")
    decided(place, "reject", "nameless.csv", "--by", "数据质量科")
    assert "（数据质量科，" in shown()


@pytest.mark.parametrize(
    ("option", "file", "why"),
    [
        ("revoke", "first.csv", "is passed: only a released or rejected or recalled batch can be revoked"),
        ("recall", "nameless.csv", "is held: only a passed batch can be recalled"),
        ("reject", "first.csv", "is passed: only a held batch can be rejected"),
    ],
)
def test_what_cannot_be_decided_is_told(place: Place, option: str, file: str, why: str) -> None:
    done = place.huiliu("gate", option, batch(place, file), "--reason", "as drawn")
    assert done.returncode == 2
    assert why in done.stderr


def test_a_lake_from_before_names_were_kept_goes_on(place: Place) -> None:
    """Its verdicts lack the columns of who decided."""
    path = place.lake / VERDICTS.id.path
    old = DeltaTable(str(path)).to_pyarrow_table().drop_columns(["decided_by", "account"])
    shutil.rmtree(path)
    write_deltalake(str(path), old)
    assert "nameless.csv" in place.huiliu("gate", "list").stdout
    decided(place, "release", "nameless.csv", "--by", "数据质量科")
    assert people(place) == of(0, 1, 2, 3, 10, 11)
    with place.opened() as at:
        assert sorted(verdicts_of(at.workspace.lake).values()) == ["passed", "released"]
        assert [row["decided_by"] for row in at.rows(VERDICTS) if row["verdict"] == "released"] == ["数据质量科"]


def test_a_row_whose_key_was_wrong_leaves_quarantine_by_a_person_s_word(place: Place, tmp_path: Path) -> None:
    wrong = [household(30, 公民身份号码="15010219600101001"), household(31, 姓名=""), household(32)]
    Delivered(SOURCE, "wrong.csv", wrong).write(place.landing)
    place.run()
    Delivered(SOURCE, "corrected.csv", [household(30), household(33)]).write(place.landing)
    place.run()
    assert of(30) <= people(place)
    assert waiting_rows(place, "wrong.csv") == {2, 3}
    output = decided(place, "settle", "wrong.csv", "--rows", "2", "--by", "数据质量科")
    assert "1 row settled" in output
    assert f"gate revoke {batch(place, 'wrong.csv')} --rows 2" in output
    assert last(place)["decided_by"] == "数据质量科"
    assert waiting_rows(place, "wrong.csv") == {3}
    assert_equals_a_rebuild(place, tmp_path / "settled")
    Delivered(SOURCE, "more.csv", [household(34)]).write(place.landing)
    place.run()
    assert waiting_rows(place, "wrong.csv") == {3}
    assert "not settled any more" in decided(place, "revoke", "wrong.csv", "--rows", "2")
    assert waiting_rows(place, "wrong.csv") == {2, 3}
    assert_equals_a_rebuild(place, tmp_path / "revoked")


def waiting_rows(place: Place, file: str) -> set[int]:
    named = batch(place, file)
    with place.opened() as at:
        return {row["_row"] for row in at.quarantine(SOURCE) if row["_batch"] == named}


@pytest.mark.parametrize(
    ("option", "rows", "message"),
    [
        ("settle", "2", "1 of the 1 rows are not in quarantine: 2"),
        ("settle", "3-1x", "3-1x is no row number and no range of them; write 3,7-9"),
        ("revoke", "3-8", "6 of the 6 rows are not settled: 3, 4, 5, 6, 7, 8"),
    ],
)
def test_only_rows_that_wait_are_settled(place: Place, option: str, rows: str, message: str) -> None:
    done = place.huiliu("gate", option, batch(place, "nameless.csv"), "--rows", rows, "--reason", "as drawn")
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
