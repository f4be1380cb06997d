"""`HUILIU_LOG`: a line of JSON for what a run did, and none that holds a value of the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.deliveries import Delivered, household, name_of, person_id
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


def test_a_run_says_what_it_did_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "logs" / "huiliu.jsonl"
    monkeypatch.setenv("HUILIU_LOG", str(log))
    place = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    Delivered(SOURCE, "1.csv", [household(number) for number in range(3)]).write(place.landing)
    place.run()
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    by_event = {
        event: [line for line in lines if line["event"] == event] for event in ("ingested", "judged", "released")
    }
    assert [(line["source"], line["rows"]) for line in by_event["ingested"]] == [(SOURCE, 3)]
    assert [(line["verdict"], line["accepted"], line["rules"]) for line in by_event["judged"]] == [("passed", 3, [])]
    assert [line["release"] for line in by_event["released"]] == [1]
    golden = next(line for line in lines if line.get("table") == "foundation/person/person")
    assert (golden["reason"], golden["upserted"], golden["rows"]) == ("first load", 3, 3)
    assert golden["seconds"] >= 0
    assert not any(value in text for number in range(3) for value in (person_id(number), name_of(number)))
    written = len(lines)
    place.run()
    assert {json.loads(line)["event"] for line in log.read_text(encoding="utf-8").splitlines()[written:]} == {"task"}


def test_the_version_is_told_with_what_it_is_built_on(tmp_path: Path) -> None:
    done = Place(tmp_path).huiliu("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("huiliu 0.")
    assert "deltalake 1." in done.stdout
