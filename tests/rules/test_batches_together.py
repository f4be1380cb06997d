"""Batches that wait together are validated together, and each is judged by its own rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.engines.base import Engine
from pipelines.rules.great_expectations import validate_each, validation
from pipelines.tables.specs import BATCHES, VALIDATIONS, VERDICTS
from tests.rules.test_id_endings import ENDINGS, ids
from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project
from tests.support.validated_views import a_view, rule

SOURCE = "household_registration"
ROWS = rule("expect_table_row_count_to_be_between", min_value=3).model_copy(update={"code": "rows"})


@pytest.fixture(params=[1, 2, 200])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many batches one suite tells apart."""
    monkeypatch.setattr(validation, "AT_ONCE", request.param)
    return int(request.param)


@pytest.mark.usefixtures("at_once")
def test_each_batch_breaks_rules_on_a_table_by_its_own_rows(either_engine: Engine) -> None:
    sound, lost, few = ids(20, 0), ids(20, 6), ids(2, 0)
    halves = ids(20, 3), ids(20, 3)  # too many together
    batches = {"sound": sound, "lost": lost, "few": few, "half": halves[0], "other-half": halves[1]}
    rows = [(batch, *values) for batch, of_batch in batches.items() for values in of_batch]
    view = a_view(either_engine, "_batch VARCHAR, a VARCHAR", rows)
    broken = validate_each(either_engine, view, [ROWS, ENDINGS], [*batches, "empty"], source="a_source")
    nothing: tuple[str, ...] = ()
    assert broken == {
        "sound": nothing,
        "lost": (ENDINGS.code,),
        "few": ("rows",),
        "half": nothing,
        "other-half": nothing,
        "empty": ("rows",),
    }


def test_files_that_wait_together_are_each_taken_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty files of a row, one without rows, and one whose numbers have lost their ends."""
    place = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    for number in range(30):
        Delivered(SOURCE, f"{number:02}.csv", [household(number)]).write(place.landing)
    Delivered(SOURCE, "empty.csv", [], header=[*household(0)]).write(place.landing)
    spoilt = [household(100 + at, 公民身份号码=number or "") for at, (number,) in enumerate(ids(8, 8))]
    Delivered(SOURCE, "spoilt.csv", spoilt).write(place.landing)
    contexts: list[str] = []
    validated = validation._validated

    def noted(engine: Any, view: str, suite: Any, name: str, readings: Any) -> Any:
        contexts.append(name)
        return validated(engine, view, suite, name, readings)

    monkeypatch.setattr(validation, "_validated", noted)
    done = place.run()
    held = {judged.file: judged.rules for judged in done.standardised[SOURCE].held}
    assert held.keys() == {"empty.csv", "spoilt.csv"}
    assert held["empty.csv"] == ("batch.row_count",)
    assert "batch.id_endings" in held["spoilt.csv"]
    assert len(contexts) == 2  # all rows once, and the rules on a whole batch once for all of them
    with place.opened() as at:
        entries, verdicts = at.rows(BATCHES), at.rows(VERDICTS)
        assert len(at.rows(VALIDATIONS)) == 1
        assert len(at.standard(SOURCE)) == 30
    assert len(entries) == len(verdicts) == 32
    received = [entry["received_at"] for entry in sorted(entries, key=lambda entry: str(entry["file"]))]
    assert received == sorted(set(received))
