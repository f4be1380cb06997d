"""Names as agencies send them, from a file to foundation: what is none, what may be none, what only looks strange."""

from __future__ import annotations

import pytest

from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"
NO_NAMES = {
    "暂无": "required", "（空）": "required", "N/a": "required", "ＮＵＬＬ": "required", "姓名不详": "required",
    "***": "letters", "·": "letters", "…": "letters", "12345": "letters", "、": "letters",
}  # fmt: skip
DOUBTFUL = {"张*": "masked", "张某某": "masked", "张×": "masked", "测试": "placeholder", "无名氏": "placeholder"}
NAMES = [
    "O'Connor",
    "Jean-Luc",
    "Ян",
    "ᠪᠠᠲᠤ",
    "བསྟན་འཛིན",
    "𠮷田",
    "王 小明",
    "\ue81e",
    "Nan",
    "空山",
    "\u2fbc\u2f63",
    "\u2ea0",
]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("names")
    place = Place(folder, project=tiny_project(folder / "project"))
    names = [*NO_NAMES, *DOUBTFUL, *NAMES]
    rows = [household(number, 姓名=name) for number, name in enumerate(names)]
    # Half of the file is good, so that the gate does not hold it.
    rows += [household(number) for number in range(len(names), 4 * len(names))]
    Delivered(SOURCE, "a.csv", rows).write(place.landing)
    place.run()
    return place


def test_names_that_are_none_are_quarantined_by_one_rule_and_all_others_arrive(delivered: Place) -> None:
    with delivered.opened() as at:
        quarantined = {row["_row"]: row for row in at.quarantine(SOURCE)}
        arrived = {row["person_name"]: row for row in at.standard(SOURCE)}
    assert sorted(quarantined) == [2 + number for number in range(len(NO_NAMES))]
    for number, rule in enumerate(NO_NAMES.values()):
        assert f"person_name.{rule}" in str(quarantined[2 + number])
    assert {*DOUBTFUL, *NAMES} <= {*arrived}
    rules = ("masked", "placeholder")
    flags = {name: [rule for rule in rules if f"person_name.{rule}" in str(row)] for name, row in arrived.items()}
    assert {name: flags[name] for name in DOUBTFUL} == {name: [rule] for name, rule in DOUBTFUL.items()}
    assert not any(flags[name] for name in NAMES)
