"""Batches that wait together are validated together, and each is judged by its own rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import ibis.expr.types as ir
import pytest

from pipelines.engines.base import Engine
from pipelines.rules.great_expectations import validate, validate_each, validation
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
    asked = the_rows(either_engine, "_batch VARCHAR, a VARCHAR", rows)
    broken = validate_each(either_engine, asked, [ROWS, ENDINGS], [*batches, "empty"], source="a_source")
    nothing: tuple[str, ...] = ()
    assert broken == {
        "sound": nothing,
        "lost": (ENDINGS.code,),
        "few": ("rows",),
        "half": nothing,
        "other-half": nothing,
        "empty": ("rows",),
    }


OTHERS = {
    "a condition of its own": rule(
        "expect_table_row_count_to_be_between",
        min_value=1,
        row_condition='col("_row") > 1000',
        condition_parser="great_expectations",
    ),
    "a type that takes none": rule("expect_table_column_count_to_equal", value=2),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_rule_that_takes_no_rows_of_one_batch_is_put_to_each_alone(embedded: Engine, kind: str) -> None:
    """As by a validation of that batch's own, whatever waits beside it."""
    rows = [("a", "1", 2), ("a", "2", 1001), ("b", "3", 3), ("c", "4", 1002)]
    asked = the_rows(embedded, "_batch VARCHAR, a VARCHAR, _row BIGINT", rows)
    batches = ["a", "b", "c"]
    by_itself = {}
    for batch in batches:
        view = embedded.view(asked.filter(asked["_batch"] == batch), "by_itself")
        found = validate(embedded, view, [OTHERS[kind], ROWS], source="a_source", batch=batch)
        by_itself[batch] = tuple(code for code, outcome in found.outcomes.items() if not outcome.success)
    assert validate_each(embedded, asked, [OTHERS[kind], ROWS], batches, source="a_source") == by_itself
    assert by_itself["b"] == ("a.rule", "rows")
    assert by_itself["c"] == (("rows",) if "condition" in kind else ("a.rule", "rows"))


def the_rows(engine: Engine, columns: str, rows: Sequence[Sequence[Any]]) -> ir.Table:
    """Rows as an engine has them."""
    a_view(engine, columns, rows)
    return cast(Any, engine).ibis.table("given")


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
