"""Folders that cannot be written: every verb names the folder and what to do, before it works for nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.project.catalog import read_catalog
from pipelines.storage.folders import FolderError, writing
from tests.support.deliveries import Delivered, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

SOURCE = "household_registration"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A lake, and beside it a plain file: below it nobody can make a folder, the superuser neither."""
    folder = tmp_path_factory.mktemp("unwritable")
    place = Place(folder, project=tiny_project(folder / "project"))
    Delivered(SOURCE, "1.csv", [household(number) for number in range(5)]).write(place.landing)
    assert place.run().exit_code == 0
    (folder / "file").write_text("no folder\n", encoding="utf-8")
    return place


VERBS = {
    "report": (("report", "--out", "file/report"), {}, "file/report", "--out"),
    "report over a file": (("report", "--out", "file"), {}, "file", "--out"),
    "analyst's file": (("duckdb", "--out", "file/x/a.duckdb"), {}, "file/x", "--out"),
    "analyst's file in a folder of the system": (("duckdb", "--out", "/proc/a.duckdb"), {}, "/proc", "--out"),
    "demo": (("demo", "--people", "500", "--dir", "file/demo"), {}, "file/demo", "--dir"),
    "simulate": (("simulate", "--people", "500", "--out", "file/files"), {}, "file/files", "--out"),
    "draft": (("source", "draft", "landing/{source}/1.csv", "--name", "a", "--out", "file/a.yml"), {}, "file", "--out"),
    "lake": (("run", "--lake", "file/lake"), {}, "file/lake", "HUILIU_LAKE"),
    "lake in a folder of the system": (("run", "--lake", "/proc/lake"), {}, "/proc/lake", "HUILIU_LAKE"),
    "maintain": (("maintain", "--lake", "file/lake"), {}, "file/lake", "HUILIU_LAKE"),
    "watch": (("watch", "--lake", "file/lake"), {}, "file/lake", "HUILIU_LAKE"),
    "database": (("run",), {"HUILIU_DB": "sqlite:///file/db/a.db"}, "file/db", "HUILIU_DB"),
    "decision": (
        ("gate", "release", "b", "--reason", ""),
        {"HUILIU_DB": "sqlite:////proc/a.db"},
        "/proc",
        "HUILIU_DB",
    ),
    "server": (("serve", "--port", "0"), {"HUILIU_DB": "sqlite:///file/a.db"}, "file", "HUILIU_DB"),
    "token": (("token", "issue", "{agency}"), {"HUILIU_DB": "sqlite:///file/a.db"}, "file", "HUILIU_DB"),
    "scratch": (("run",), {"TMPDIR": "file/scratch"}, "file/scratch", "TMPDIR"),
    "scratch of a dry run": (("check", "landing/{source}/1.csv"), {"TMPDIR": "/proc"}, "/proc", "TMPDIR"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_folder_and_what_to_do_are_named(verb: str, filled: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, variables, folder, todo = VERBS[verb]
    for name, value in {"HUILIU_TOKEN_KEY": "k" * 32, **variables}.items():
        monkeypatch.setenv(name, value)
    agency = next(iter(read_catalog(filled.project).agencies))
    ran = filled.huiliu(*(word.format(source=SOURCE, agency=agency) for word in arguments))
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert f"{filled.folder / folder if variables.get('TMPDIR') is None else folder} " in ran.stderr
    assert "cannot be written" in ran.stderr
    assert todo in ran.stderr.partition("what to do: ")[2]
    assert "internal error" not in ran.stderr
    assert "Traceback" not in ran.stderr


def full(path: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def forbidden(path: Path) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path / "page.html"))


@pytest.mark.parametrize(("fails", "todo"), [(full, "free some space"), (forbidden, "let this account write there")])
def test_what_the_system_refuses_while_a_folder_is_written(
    fails: Callable[[Path], None], todo: str, tmp_path: Path
) -> None:
    with pytest.raises(FolderError, match="cannot be written") as error, writing(tmp_path, "the folder", "say another"):
        fails(tmp_path)
    assert str(tmp_path) in str(error.value)
    assert todo in str(error.value)
    assert error.value.exit_code != 0
    with pytest.raises(PermissionError), writing(tmp_path, "the folder", "say another"):
        forbidden(tmp_path.parent / "elsewhere")
    assert list(tmp_path.iterdir()) == []
