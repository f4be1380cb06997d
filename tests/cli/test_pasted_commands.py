"""What the command tells people to paste works as pasted, in any shell; a place that is no lake is no empty lake."""

from __future__ import annotations

import html
import json
import os
import subprocess

import pytest

from pipelines.tables.specs import VERDICTS
from tests.support.deliveries import Delivered, household
from tests.support.place import HUILIU, Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake whose path no shell takes as it is."""
    folder = tmp_path_factory.mktemp("pasted")
    return Place(folder, project=tiny_project(folder / "project"), lake_name="the lake's; no.1")


def pasted(place: Place, command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a line in a shell that knows where the declarations are, and nothing of the lake."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("HUILIU_")}
    surroundings |= {"HUILIU_PROJECT": str(place.project), "PATH": f"{HUILIU.parent}:{os.environ['PATH']}"}
    return subprocess.run(
        command,
        shell=True,
        env=surroundings,
        cwd=place.folder,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_decision_that_a_run_asks_for_can_be_pasted(place: Place) -> None:
    Delivered(SOURCE, "nameless.csv", [household(number, 姓名="") for number in range(6)]).write(place.landing)
    done = place.huiliu("run")
    assert done.returncode == 1, done.stderr
    release, reject = [line.strip() for line in done.stdout.splitlines() if " gate re" in line]
    assert " gate reject " in reject
    assert release in [line.strip() for line in place.huiliu("gate", "list").stdout.splitlines()]
    decided = pasted(place, release, typed="the names follow\n")
    assert decided.returncode == 0, decided.stderr
    with place.opened() as at:
        last = max(at.rows(VERDICTS), key=lambda row: row["decided_at"])
    assert (last["verdict"], last["reason"]) == ("released", "the names follow")


def test_the_command_by_which_the_report_settles_a_row_can_be_pasted(place: Place) -> None:
    Delivered(SOURCE, "one.csv", [household(8), household(9, 公民身份号码="15010219600101001")]).write(place.landing)
    place.huiliu("run")
    assert place.huiliu("report", "--out", "report").returncode == 0
    page = (place.folder / f"report/sources/{SOURCE}.html").read_text(encoding="utf-8")
    command = html.unescape(next(line for line in page.splitlines() if " gate settle " in line))
    done = pasted(place, command.removeprefix("<pre><code>").removesuffix("</code></pre>"), typed="sent again\n")
    assert (done.returncode, "1 row settled" in done.stdout) == (0, True), done.stderr


def test_the_command_of_a_problem_names_the_file_where_it_lies(place: Place) -> None:
    Delivered(SOURCE, "no key & more.csv", [{"姓名": "某"}]).write(place.landing)
    (line,) = [line for line in place.huiliu("run").stdout.splitlines() if "no key & more.csv" in line and "! " in line]
    command = line.split("`")[1]
    assert command.startswith("huiliu check ")
    tried = pasted(place, command)
    assert tried.returncode == 1, tried.stderr
    assert "would be held" in tried.stdout


@pytest.mark.parametrize(
    "verb",
    ["status", "report", "gate list", "gate reject b --reason r", "duckdb", "score --truth .", "maintain"],
)
def test_a_place_that_is_no_lake_is_an_error(place: Place, verb: str) -> None:
    done = pasted(place, f"huiliu {verb} --lake elsewhere")
    assert done.returncode == 2, done.stdout
    assert f"there is no lake at {place.folder / 'elsewhere'}" in done.stderr
    assert "--lake" in done.stderr
    assert done.stdout == ""


def test_doctor_says_that_a_named_place_is_no_lake(place: Place) -> None:
    done = pasted(place, "huiliu doctor --json --lake elsewhere --landing landing")
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert "is no lake" in checks["lake"]["found"]
    assert checks["landing"]["state"] == "good"
