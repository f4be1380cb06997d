"""A source of its own is one module beside its contract, and changes no file of any other."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from simulation.checksums import id_check
from tests.simulation.test_simulation_digests import PEOPLE, PINNED, SEED, digest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = """\
title: 公共交通卡信息
key: card_number
version: changed_at
deletes: {column: 操作标志, value: D}
columns:
  卡号: {name: card_number, element: document_number, required: true}
  公民身份号码: id_number!
  发卡日期: {name: issued_on, element: past_date}
  更新时间: {name: changed_at, element: datetime}
aliases: {身份证号: 公民身份号码}
"""
MODULE = '''\
"""公交卡: one card for every fifth person."""

from __future__ import annotations

import numpy as np

from simulation.among import adult
from simulation.defects import dates
from simulation.defects import id_numbers as ids
from simulation.defects.records import damaged, repetition
from simulation.planting import on, twice
from simulation.source import About, Format, Source
from simulation.table import Broken, Table, parts
from simulation.world.block import World
from simulation.world.calendar import iso_days, moments


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    holders = list(range(0, len(world.people), 5))
    count = len(holders)
    sent = {
        "card_number": [f"K{world.number:03}{n:06}" for n in rng.permutation(count).tolist()],
        "id_number": [world.people.id_number[at] for at in holders],
        "issued_on": iso_days(rng.integers(18_000, 20_000, count)),
        "changed_at": moments(rng, count),
    }
    return Table("bus_card", sent, {}, parts(count)), holders


SOURCE = Source(
    name="bus_card",
    title="公交卡",
    about=About.PEOPLE,
    form=Format(".csv", "gb18030", delimiter="|"),
    records=records,
    drift=("身份证号",),
    plan=(
        on("id_number", ids.WRONG_CHECK_DIGIT, count=twice, among=adult),
        on("issued_on", dates.in_future()),
        damaged(Broken.UNDECODABLE),
        repetition(),
    ),
)
'''


def simulated_with(tmp_path: Path, module: str, contract: str | None) -> subprocess.CompletedProcess[str]:
    """The simulation of a project in which the source's module is written, and its contract if there is one."""
    for folder in ("simulation", "foundation_dbs", "catalog"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "simulation" / "sources" / "bus_card.py").write_text(module, "utf-8")
    if contract:
        (tmp_path / "foundation_dbs" / "person" / "sources" / "bus_card.yml").write_text(contract, "utf-8")
    program = f"from pathlib import Path; from simulation import simulate; simulate({PEOPLE}, {SEED}, Path())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


def outcomes(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "truth" / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_module_adds_a_source_and_every_other_file_stays_as_it_was(tmp_path: Path) -> None:
    done = simulated_with(tmp_path, MODULE, CONTRACT)
    assert done.returncode == 0, done.stderr
    delivered = (tmp_path / "landing" / "bus_card" / "公交卡_20260401_001.csv").read_bytes()
    assert delivered.startswith("卡号|公民身份号码|发卡日期|更新时间\n".encode("gb18030"))
    lines = delivered.decode("gb18030", "replace").splitlines()
    wrong = [
        lines[int(outcome["row"]) - 1].split("|")[1]
        for outcome in outcomes(tmp_path)
        if outcome["source"] == "bus_card"
    ][:2]
    assert all(id_check(number[:17]) != number[17] and number[6:10] <= "2002" for number in wrong)
    own = [
        (outcome["outcome"], outcome["kind"], outcome["rule"])
        for outcome in outcomes(tmp_path)
        if outcome["source"] == "bus_card"
    ]
    assert own == [
        ("quarantine", "id_check_digit", "id_number.check_digit"),
        ("quarantine", "id_check_digit", "id_number.check_digit"),
        ("quarantine", "event_in_future", "issued_on.not_future"),
        ("quarantine", "row_undecodable", "row.undecodable"),
        ("flag", "row_repeated", "row.repeated"),
    ]
    assert len((tmp_path / "truth" / "standard" / "bus_card.csv").read_text("utf-8").splitlines()) == 1 + 120 - 4
    pinned = json.loads(PINNED.read_text("utf-8"))
    del pinned["truth/outcomes.csv"]
    assert {name: digest(tmp_path / name) for name in pinned} == pinned


def test_a_source_without_a_contract_is_told_where_it_belongs(tmp_path: Path) -> None:
    done = simulated_with(tmp_path, MODULE, None)
    assert done.returncode == 1
    assert "no bus_card.yml below" in done.stderr


def test_a_defect_that_breaks_no_rule_is_no_defect(tmp_path: Path) -> None:
    silent = MODULE.replace('on("issued_on", dates.in_future())', 'on("issued_on", dates.before_birth())')
    done = simulated_with(tmp_path, silent, CONTRACT)
    assert done.returncode == 1
    assert "event_before_birth in bus_card.issued_on breaks no rule" in done.stderr
