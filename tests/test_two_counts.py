"""Two counts that cannot be wrong together: whatever a normaliser or a rule does wrong, the run stops and says where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from pipelines.elements import capital, credit_code, dates, id_number, numbers, text
from pipelines.quality import predicates
from pipelines.quality.comparing import CountsDisagreeError
from pipelines.lake.specs import VALIDATIONS, VERDICTS
from tests.conftest import Place
from tests.deliveries import cells_of, csv_text, deliver, household, marriage, person_id
from tests.small_project import small_project

Normaliser = Callable[..., ir.Value]

MARRIAGES = "marriage_registration"
PEOPLE = "household_registration"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project(tmp_path_factory.mktemp("project"), sources=(PEOPLE, MARRIAGES))


@pytest.fixture
def place(project: Path, tmp_path: Path) -> Place:
    at = Place(tmp_path, project=project)
    rows = [household(number) for number in range(40)]
    rows[3]["公民身份号码"] = rows[3]["公民身份号码"][:-1] + ("0" if rows[3]["公民身份号码"][-1] != "0" else "1")
    old = person_id(7)
    rows[7]["公民身份号码"] = old[:6] + old[8:17]
    rows[8]["公民身份号码"] = old[:6] + "10" + old[10:14] + "997"
    rows[8]["出生日期"] = ""
    deliver(at.landing, PEOPLE, "people.csv", csv_text(cells_of(rows)))
    deliver(at.landing, MARRIAGES, "couples.csv", csv_text(cells_of([marriage(number) for number in range(20)])))
    return at


def test_both_counts_agree_on_rows_and_on_what_is_read(place: Place) -> None:
    place.run()
    with place.opened() as at:
        assert {row["source"]: row["verdict"] for row in at.rows(VERDICTS)} == {PEOPLE: "passed", MARRIAGES: "passed"}
