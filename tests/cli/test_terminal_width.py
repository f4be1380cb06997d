"""What verbs show in a terminal of 80 columns, and in a narrower one: whole tables, and names that can be read."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
DIRTY = "脏.csv"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake with a batch that is held: most of its numbers are wrong."""
    folder = tmp_path_factory.mktemp("width")
    place = Place(folder, project=tiny_project(folder / "project"))
    Delivered(SOURCE, "1.csv", [household(number) for number in range(5)]).write(place.landing)
    dirty = [
        household(number, 公民身份号码="1.50102E+17", 姓名="" if number % 2 else "锟斤拷") for number in range(20, 32)
    ]
    Delivered(SOURCE, DIRTY, [*(household(number) for number in range(10, 20)), *dirty]).write(place.landing)
    place.run()
    return place


def lines(place: Place, columns: int, *arguments: str) -> list[str]:
    """What a verb shows, without the lines that a pipe gets whole: lists, sentences that say what to do, commands."""
    output = place.huiliu(*arguments, columns=columns).stdout
    assert "…" not in re.sub(r"\d\s+…", "", output), "a name or number is cut"
    whole = re.compile(r"!|what to do|would|  (missing|unknown): |  batch\.|\S* *huiliu")
    return [line.rstrip() for line in output.splitlines() if not whole.match(line)]


@pytest.mark.parametrize("columns", [80, 60])
def test_a_dry_run_shows_each_rule_in_few_lines(columns: int, filled: Place) -> None:
    shown = lines(filled, columns, "check", str(filled.landing / SOURCE / DIRTY))
    assert [line for line in shown if cell_len(line) > columns] == []
    (place,) = [number for number, line in enumerate(shown) if "id_number.form: 12, 13" in line]
    assert re.match(r" quarantine +12  id_number\.form", shown[place])
    title = next(line for line in shown[place + 1 :] if line.strip())
    assert cell_len(title.strip()) > 30, "a title is not squeezed into a few characters"
    assert any("姓名：不应含乱码" in line for line in shown)


@pytest.mark.parametrize("columns", [80, 60])
def test_status_keeps_a_line_for_each_table_and_what_is_the_matter_below(columns: int, filled: Place) -> None:
    shown = lines(filled, columns, "status")
    assert [line for line in shown[:-1] if cell_len(line) > columns] == []
    (place, *_) = [number for number, line in enumerate(shown) if line.startswith(f" {SOURCE} ")]
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf" {SOURCE} +27  {moment}" + (f"  {moment}" if columns == 80 else ""), shown[place])
    assert any(re.fullmatch(r"   held batches: 1", line) for line in shown)


@pytest.mark.parametrize("columns", [80, 60])
def test_doctor_and_held_batches_break_no_name(columns: int, filled: Place) -> None:
    found = lines(filled, columns, "doctor")
    assert re.fullmatch(r"landing +good", next(line for line in found if line.startswith("landing")))
    words = {word for line in found for word in line.split()}
    assert {"(HUILIU_DB)", "HUILIU_MEMORY"} <= words
    held = lines(filled, columns, "gate", "list")
    assert held[0].startswith(f"{SOURCE}-")
    assert any(line.strip() == f"{SOURCE}/{DIRTY}, 22 rows" for line in held)


@pytest.mark.parametrize("columns", [80, 60])
def test_maintenance_shows_whole_names_and_numbers(columns: int, filled: Place) -> None:
    shown = lines(filled, columns, "maintain")
    assert [line for line in shown if cell_len(line) > columns] == []
