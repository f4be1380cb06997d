"""What Dagster asks people to type works as pasted, and a run that fails there says why, without values of the data."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.support.dagster_beside import Dagster, dagster_beside
from tests.support.deliveries import Delivered, household, person_id
from tests.support.place import HUILIU, Place
from tests.support.tiny_project import tiny_project

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:Starting in dagster 1.11"),
]
HOUSEHOLD = "household_registration"
COMMAND = re.compile(r"`(huiliu [^`]+)`")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A lake whose path no shell takes as it is."""
    project = tiny_project(tmp_path / "project")
    return Place(tmp_path, project=project, lake_name="the lake's; no.1")


@pytest.fixture
def dagster(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dagster]:
    with dagster_beside(place, monkeypatch) as found:
        yield found


def pasted(place: Place, command: str) -> str:
    """What a line says in a shell that knows where the declarations are, and nothing of the lake."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("HUILIU_")}
    surroundings |= {"HUILIU_PROJECT": str(place.project), "PATH": f"{HUILIU.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, shell=True, env=surroundings, cwd=place.folder, input="the agency says so\n",
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def standing(dagster: Dagster) -> Any:
    return dagster.last(f"standard/{HOUSEHOLD}").metadata["dagster/row_count"].value


def failures(dagster: Dagster, run: dg.ExecuteInProcessResult) -> str:
    """All that Dagster keeps of a run, the errors as people read them first."""
    logs = dagster.instance.all_logs(run.run_id)
    data = [entry.dagster_event.event_specific_data for entry in logs if entry.dagster_event]
    errors = [event.error.to_string() for event in data if getattr(event, "error", None)]
    return "\n".join([*errors, *map(str, logs)])


def test_a_decision_is_typed_as_the_check_says_and_the_next_run_acts_on_it(place: Place, dagster: Dagster) -> None:
    Delivered(HOUSEHOLD, "nameless.csv", [household(number, 姓名="") for number in range(6)]).write(place.landing)
    Delivered(HOUSEHOLD, "good.csv", [household(number) for number in range(6, 10)]).write(place.landing)
    assert dagster.run().success
    gate = dagster.check(f"standard/{HOUSEHOLD}", "gate")
    assert (gate.passed, standing(dagster)) == (False, 4)
    assert str(gate.description).startswith("held: nameless.csv (隔离记录不应")
    release, reject = COMMAND.findall(str(gate.description))
    assert " gate reject " in reject

    output = pasted(place, release)
    assert dagster.run().success
    assert dagster.check(f"standard/{HOUSEHOLD}", "gate").passed
    metadata = dagster.last(f"quarantine/{HOUSEHOLD}").metadata
    assert (metadata["rejects"].value, metadata["rows_held"].value) == (6, 0)

    pasted(place, output.partition("To take that back: ")[2])
    assert dagster.run().success
    gate = dagster.check(f"standard/{HOUSEHOLD}", "gate")
    assert not gate.passed
    assert COMMAND.findall(str(gate.description)) == [release, reject]
    pasted(place, reject)
    assert dagster.run().success
    gate = dagster.check(f"standard/{HOUSEHOLD}", "gate")
    assert (gate.passed, gate.description) == (True, "none of 2 batches is held")
    assert standing(dagster) == 4


def test_what_cannot_be_read_is_not_offered_for_release(place: Place, dagster: Dagster) -> None:
    place.landing.joinpath(HOUSEHOLD).mkdir(parents=True)
    (place.landing / HOUSEHOLD / "broken.xlsx").write_bytes(b"PK no workbook")
    assert dagster.run().success
    gate = dagster.check(f"standard/{HOUSEHOLD}", "gate")
    assert "broken.xlsx (文件应完整且可读取)" in str(gate.description)
    (reject,) = COMMAND.findall(str(gate.description))
    assert " gate reject " in reject
    assert not dagster.check(f"raw/{HOUSEHOLD}", "delivery").passed
    assert dagster.run().success
    assert not dagster.check(f"raw/{HOUSEHOLD}", "delivery").passed, "a run without files does not mend it"


def test_a_run_that_would_lose_rows_fails_with_the_command_that_confirms(place: Place, dagster: Dagster) -> None:
    Delivered(HOUSEHOLD, "a.csv", [household(number, 户号="") for number in range(8)]).write(place.landing)
    assert dagster.run().success
    contract = place.project / f"foundation_dbs/person/sources/{HOUSEHOLD}.yml"
    text = contract.read_text(encoding="utf-8")
    assert text.count("element: document_number}") == 1
    contract.write_text(text.replace("element: document_number}", "element: document_number, required: true}"))

    with pytest.MonkeyPatch.context() as other, dagster_beside(place, other) as anew:
        failed = anew.run()
        assert not failed.success
        messages = failures(anew, failed)
        assert "8 of 8 rows would go from standard under the declarations as they are now" in messages
        pasted(place, next(command for command in COMMAND.findall(messages) if " confirm " in command))
        assert anew.run().success
        assert standing(anew) == 0


def test_a_failed_run_names_the_cause_and_no_value_of_the_data(
    place: Place, dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        try:
            raise ValueError(f"cannot convert {person_id(1)}")
        except ValueError as error:
            raise RuntimeError(f"bad row of {person_id(1)}") from error

    Delivered(HOUSEHOLD, "a.csv", [household(1)]).write(place.landing)
    monkeypatch.setattr("dagster_project.assets.described_tables", broken)
    run = dagster.run()
    assert not run.success
    messages = failures(dagster, run)
    assert "RuntimeError at test_dagster_decisions.py:" in messages
    assert f"ingest {HOUSEHOLD}" in messages
    assert person_id(1) not in messages


def test_a_lake_that_cannot_be_opened_fails_with_what_to_do(
    place: Place, dagster: Dagster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUILIU_LAKE", str(place.folder / "p%41q"))
    run = dagster.run()
    assert not run.success
    assert "no table can be written under" in failures(dagster, run)
