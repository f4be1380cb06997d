"""Bad files, end to end: what their senders are told, and that nothing is lost and the good ones go on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.rules.verdicts import decide
from pipelines.steps.ingest import ingest
from pipelines.steps.run import Run
from pipelines.tables.specs import BATCHES, RULE_RESULTS, VALIDATIONS, VERDICTS
from pipelines.tables.verdict import Verdict
from tests.support.bad_deliveries import BAD, ROWS, SOURCE, Bad, couples, joined, lines, rows
from tests.support.chinese import CHINESE, english_sentences
from tests.support.deliveries import (
    cells_of,
    csv_text,
    deliver,
    household,
    json_lines,
    name_of,
    person_id,
    registration_number,
)
from tests.support.place import PROJECT, Opened, Place

SETTLE = 3600  # seconds
BLOCKS = 40
BAD_IDS = [bad.file for bad in BAD]
GOOD, GOOD_PEOPLE, LATER, RENAMED = couples(30), range(9_000, 9_010), couples(31), couples(32)


@dataclass(frozen=True)
class Delivered:
    """The lake after each of three runs: bad files, then what had waited, then nothing but what was taken before."""

    place: Place
    first: subprocess.CompletedProcess[str]
    tables: dict[str, list[dict[str, Any]]]
    second: Run
    third: Run
    last: dict[str, list[dict[str, Any]]]
    refused: str

    def batch(self, file: str) -> dict[str, Any]:
        (found,) = [row for row in self.tables["batches"] if row["file"] == file and row["source"] == SOURCE]
        return found

    def verdict(self, file: str) -> dict[str, Any]:
        batch = self.batch(file)["batch"]
        (found,) = [row for row in self.tables["verdicts"] if row["batch"] == batch]
        return found

    def of(self, layer: str, file: str) -> list[dict[str, Any]]:
        batch = self.batch(file)["batch"]
        return [row for row in self.tables[layer] if row["_batch"] == batch]

    def lines_about(self, about: str) -> list[str]:
        """The lines that the first run printed about a file or folder."""
        return [line for line in self.first.stdout.splitlines() if about in line]


def tables(at: Opened) -> dict[str, list[dict[str, Any]]]:
    return {
        "batches": at.rows(BATCHES),
        "verdicts": at.rows(VERDICTS),
        "results": at.rows(RULE_RESULTS),
        "validations": at.rows(VALIDATIONS),
        "raw": at.raw(SOURCE),
        "standard": at.standard(SOURCE),
        "quarantine": at.quarantine(SOURCE),
        "people": at.standard("household_registration"),
    }


def two_sources(folder: Path) -> Path:
    """A project of two of the real contracts and one small golden record: the other sources would only take time."""
    shutil.copytree(PROJECT / "catalog", folder / "catalog")
    kept = ("sources/marriage_registration.yml", "sources/household_registration.yml")
    rules = ("every_source.yml", "person/marriage_registration.yml", "person/household_registration.yml")
    for file in (*(f"foundation_dbs/person/{file}" for file in kept), *(f"expectations/{rule}" for rule in rules)):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / file, folder / file)
    attributes = "{person_name: {from: [household_registration]}}"
    record = f"title: 自然人\ndescription: Persons.\nkey: id_number\nattributes: {attributes}\n"
    (folder / "foundation_dbs/person/person.yml").write_text(record, encoding="utf-8")
    return folder


def deliver_everything(place: Place) -> None:
    landing = place.landing
    for bad in BAD:
        deliver(landing, SOURCE, bad.file, bad.content)
    good = csv_text(cells_of(rows(30)))
    deliver(landing, SOURCE, "好.csv", good)
    deliver(landing, SOURCE, "好（副本）.csv", good)
    deliver(landing, SOURCE, "半成品.csv.part", csv_text(cells_of(rows(32))))
    people = csv_text(cells_of([household(number) for number in GOOD_PEOPLE]))
    of_people = deliver(landing, "household_registration", os.fsdecode("户籍.csv".encode("gb18030")), people)
    deliver(landing, "undeclared", "甲.csv", "a,b\n1,2\n")
    deliver(landing, SOURCE, "上月/五月.csv", csv_text(cells_of(rows(33))))
    (landing / "散落.csv").write_text("a\n")
    deliver(place.folder, "elsewhere", "外面.csv", csv_text(cells_of(rows(34))))
    (landing / SOURCE / "链接.csv").symlink_to(place.folder / "elsewhere/外面.csv")
    (landing / SOURCE / "断链.csv").symlink_to(landing / SOURCE / "没有.csv")
    os.mkfifo(landing / SOURCE / "管道.csv")
    long_ago = time.time() - 2 * SETTLE
    for path in landing.rglob("*"):
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    in_a_year = time.time() + 365 * 24 * 3600  # a sender whose clock is wrong
    os.utime(of_people, (in_a_year, in_a_year))
    deliver(landing, SOURCE, "还在写.csv", csv_text(cells_of(rows(31)[:4])))


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    folder = tmp_path_factory.mktemp("bad")
    place = Place(folder, SETTLE, two_sources(folder / "project"))
    deliver_everything(place)
    first = place.huiliu("run", "--no-wait")
    assert first.returncode < 3, first.stderr
    with place.opened() as at:
        after_first = tables(at)
        held = next(row["batch"] for row in after_first["batches"] if row["file"] == "空.csv")
        with pytest.raises(ValueError, match="no readable rows") as refused:
            decide(at.workspace.lake, held, Verdict.RELEASED, "simulated")
    folder = place.landing / SOURCE
    path = deliver(place.landing, SOURCE, "还在写.csv", csv_text(cells_of(rows(31))))
    os.utime(path, (time.time() - 2 * SETTLE,) * 2)
    (folder / "半成品.csv.part").rename(folder / "半成品.csv")
    second = place.run()
    for name in ("链接.csv", "断链.csv", "管道.csv"):
        (folder / name).unlink()
    for left in (folder / "上月", place.landing / "undeclared"):
        shutil.rmtree(left)
    (place.landing / "散落.csv").unlink()
    third = place.run()
    with place.opened() as at:
        return Delivered(place, first, after_first, second, third, tables(at), str(refused.value))


@pytest.mark.parametrize("bad", BAD, ids=BAD_IDS)
def test_the_message_says_where_it_is_what_it_is_and_what_to_do(delivered: Delivered, bad: Bad) -> None:
    lines = [line for line in delivered.lines_about(f"{SOURCE}/{bad.file}") if line.startswith("!")]
    assert len(lines) == 1
    assert lines[0].startswith(f"! {bad.where}: ")
    assert "; what to do: " in lines[0]
    for phrase in bad.phrases:
        assert phrase in lines[0]


@pytest.mark.parametrize("bad", BAD, ids=BAD_IDS)
def test_the_original_is_kept_byte_for_byte(delivered: Delivered, bad: Bad) -> None:
    sha256 = hashlib.sha256(bad.content).hexdigest()
    kept = delivered.place.lake / "raw/_files" / f"{sha256}{Path(bad.file).suffix}"
    assert kept.read_bytes() == bad.content
    assert delivered.batch(bad.file)["sha256"] == sha256
    assert delivered.batch(bad.file)["readable"] == bad.readable


@pytest.mark.parametrize("bad", BAD, ids=BAD_IDS)
def test_good_rows_stand_and_bad_rows_are_quarantined_with_their_rule(delivered: Delivered, bad: Bad) -> None:
    standing = {row["registration_number"] for row in delivered.of("standard", bad.file)}
    assert standing == {registration_number(number) for number in bad.standing}
    rejected = {row["_row"]: row["_rules"] for row in delivered.of("quarantine", bad.file)}
    assert rejected == {row: [rule] for row, rule in bad.rejected}
    assert len(delivered.of("raw", bad.file)) == len(bad.standing) + len(bad.rejected)


@pytest.mark.parametrize("bad", BAD, ids=BAD_IDS)
def test_a_file_without_rows_is_held_and_the_rest_passes(delivered: Delivered, bad: Bad) -> None:
    verdict = delivered.verdict(bad.file)
    assert verdict["verdict"] == ("held" if bad.held else "passed")
    assert verdict["rules"] == ([bad.held] if bad.held else [])
    held = [line for line in delivered.lines_about(bad.file) if line.startswith("held ")]
    assert len(held) == (1 if bad.held else 0)
    offered = [line.split()[2] for line in delivered.lines_about(verdict["batch"]) if line.split()[1:2] == ["gate"]]
    if bad.held:
        assert offered == (["release", "reject"] if bad.readable else ["reject"])


def test_quarantine_and_raw_keep_what_was_sent_of_a_damaged_row(delivered: Delivered) -> None:
    short, long = sorted(delivered.of("quarantine", "缺格多格.csv"), key=lambda row: row["_row"])
    assert short["registration_number"] == registration_number(couples(11)[1])
    assert json.loads(long["_extra"]) == {"+1": name_of(5), "+2": "surplus"}
    (mixed,) = delivered.of("quarantine", "编码混杂.csv")
    assert bytes.fromhex(mixed["_undecodable"]).decode() == lines(14)[6]
    (broken,) = delivered.of("quarantine", "断行.jsonl")
    assert json.loads(broken["_extra"])["line"] == json_lines(rows(16)).splitlines()[4][:-20]


def test_unknown_columns_are_kept_in_raw(delivered: Delivered) -> None:
    kept = [json.loads(row["_extra"]) for row in delivered.of("raw", "未知列.xlsx")]
    assert kept == [{"备注": name_of(9), "[/] :smile:": "x"}] * ROWS


def test_good_files_arrive_beside_bad_ones(delivered: Delivered) -> None:
    assert len(delivered.of("standard", "好.csv")) == ROWS
    assert {row["id_number"] for row in delivered.tables["people"]} == {person_id(number) for number in GOOD_PEOPLE}


def test_a_file_whose_name_is_not_utf8_is_kept_under_its_name(delivered: Delivered) -> None:
    assert [row["file"] for row in delivered.tables["batches"] if row["source"] != SOURCE] == ["户籍.csv"]


def test_a_copy_of_a_delivered_file_is_not_taken_again(delivered: Delivered) -> None:
    copies = [row for row in delivered.tables["batches"] if row["file"] in {"好.csv", "好（副本）.csv"}]
    assert len(copies) == 1
    first = registration_number(GOOD[0])
    assert [row["registration_number"] for row in delivered.tables["raw"]].count(first) == 1


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("undeclared/", "no source of this name is declared"),
        ("散落.csv", "lies in the landing folder itself"),
        (f"{SOURCE}/链接.csv", "a link that leads out of the landing folder"),
        (f"{SOURCE}/断链.csv", "a link that leads nowhere"),
        (f"{SOURCE}/管道.csv", "no regular file"),
        (f"{SOURCE}/上月", "a folder inside a source's folder"),
    ],
)
def test_what_cannot_be_taken_is_left_and_told_until_it_is_gone(delivered: Delivered, where: str, message: str) -> None:
    (line,) = delivered.lines_about(f"! {where}: ")
    assert message in line
    assert "; what to do: " in line
    assert [message in problem.what for problem in delivered.second.problems if problem.file == where] == [True]
    assert where.rpartition("/")[2] not in {row["file"] for row in delivered.last["batches"]}


def test_nothing_from_outside_the_landing_folder_gets_in(delivered: Delivered) -> None:
    outside = {registration_number(number) for number in couples(34)}
    assert not outside & {row["registration_number"] for row in delivered.last["raw"]}


def test_a_file_still_being_written_is_left_alone_and_taken_later(delivered: Delivered) -> None:
    (line,) = delivered.lines_about("还在写.csv")
    assert re.search(r"waits 3\d\d\d s more$", line)
    assert not delivered.lines_about("半成品")
    before = {row["registration_number"] for row in delivered.tables["raw"]}
    after = {row["registration_number"] for row in delivered.last["standard"]}
    due = {registration_number(number) for number in (*LATER, *RENAMED)}
    assert not due & before
    assert due <= after
    assert delivered.second.ingested[SOURCE].new == 2
    assert delivered.second.ingested[SOURCE].waiting == []


def test_exit_codes_and_that_known_files_are_told_once(delivered: Delivered) -> None:
    assert delivered.first.returncode == 1, delivered.first.stderr
    assert Counter(problem.file for problem in delivered.second.problems) == Counter(
        ["undeclared/", "散落.csv", *(f"{SOURCE}/{file}" for file in ("链接.csv", "断链.csv", "管道.csv", "上月"))]
    )
    assert delivered.second.held == []
    assert delivered.second.exit_code == 1
    assert delivered.third.problems == []
    assert delivered.third.exit_code == 0
    assert not delivered.third.changed


def test_an_unreadable_file_cannot_be_released(delivered: Delivered) -> None:
    assert "reject" in delivered.refused


def test_no_message_holds_a_personal_value(delivered: Delivered) -> None:
    quality = ("batches", "verdicts", "results", "validations")
    output = delivered.first.stdout + delivered.first.stderr + repr([delivered.last[name] for name in quality])
    people = [*(2 * n + spouse for block in range(BLOCKS) for n in couples(block) for spouse in (0, 1)), *GOOD_PEOPLE]
    leaked = [number for number in people if person_id(number) in output or name_of(number)[0] in output]
    assert leaked == []


def test_a_file_that_grows_while_it_is_copied_waits_and_is_taken_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, project=two_sources(tmp_path / "project"))
    path = deliver(place.landing, SOURCE, "好.csv", joined(lines(30)[:4]))
    copy = shutil.copyfile

    def copy_while_growing(source: Path, target: Path) -> None:
        copy(source, target)
        path.write_bytes(joined(lines(30)))

    with place.opened() as at:
        contract = at.workspace.catalog.contracts[SOURCE]
        monkeypatch.setattr(shutil, "copyfile", copy_while_growing)
        first = ingest(at.workspace, contract)
        monkeypatch.undo()
        assert (first.new, first.waiting, at.raw(SOURCE)) == (0, ["好.csv"], [])
        assert ingest(at.workspace, contract).new == 1
        assert len(at.raw(SOURCE)) == ROWS
    (kept,) = (place.lake / "raw/_files").iterdir()
    assert kept.read_bytes() == path.read_bytes()


def test_a_wrong_declaration_stops_at_once_with_file_and_line(tmp_path: Path) -> None:
    project = two_sources(tmp_path / "project")
    contract = project / "foundation_dbs/person/sources/marriage_registration.yml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("element: past_date", "element: no_such_element", 1), encoding="utf-8")
    line = 1 + text[: text.index("element: past_date")].count("\n")
    place = Place(tmp_path, project=project)
    deliver(place.landing, SOURCE, "好.csv", csv_text(cells_of(rows(30))))
    done = place.huiliu("run")
    assert done.returncode == 2
    assert f"marriage_registration.yml:{line}" in done.stderr
    assert "no_such_element" in done.stderr
    assert "Traceback" not in done.stderr
    assert not place.lake.exists()


def test_a_landing_folder_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    place = Place(tmp_path)
    done = place.huiliu("run")
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
    assert not place.lake.exists()


def test_every_problem_of_a_file_is_told_in_chinese_too(delivered: Delivered) -> None:
    problems_by_file = [(row["file"], row["problems"], row["problems_zh"]) for row in delivered.tables["batches"]]
    assert sum(len(problems) for _, problems, _ in problems_by_file) >= len(BAD)
    for file, problems, chinese in problems_by_file:
        assert len(problems) == len(chinese), file
        for english, translated in zip(problems, chinese, strict=True):
            assert CHINESE.search(translated.removeprefix(file)), english
            assert "；处理办法：" in translated, english
            assert english_sentences(re.sub("`.*?`", "", translated)) == [], english
