"""What tables' logs say is kept for the next process, and nothing is believed that a log does not say now."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from deltalake import DeltaTable

from pipelines.database.lease import Lease, lease_of
from pipelines.engines import delta_log, delta_rs
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.errors import DamageError
from pipelines.lake import kept_states
from pipelines.lake.kept_states import KeptStates
from pipelines.lake.lake import Lake
from pipelines.lake.state import State
from pipelines.operations.status import status
from pipelines.settings import Settings
from pipelines.storage.store import Store
from pipelines.tables.layout import TableId, quality
from pipelines.tables.table import ColumnSpec, TableSpec
from tests.support.deliveries import cells_of, csv_text, deliver, household
from tests.support.place import Place
from tests.support.tiny_project import tiny_project

NUMBERS, OTHERS = (
    TableSpec(quality(name), "数", "", (), (ColumnSpec("number", "int64", "数"),)) for name in ("numbers", "others")
)
SOURCE = "household_registration"


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine("1GB") as engine:
        yield engine


class Here:
    """A folder with a lake and what is kept of it, opened by one process after another."""

    def __init__(self, folder: Path, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lake, self.cache, self._engine, self._monkeypatch = folder / "lake", folder / "cache", engine, monkeypatch
        self.opened: list[str] = []

    @contextmanager
    def process(self, cache: Path | None, lease: Lease | None = None) -> Iterator[Lake]:
        """A lake as another process opens it, which has seen none of its tables."""
        self._monkeypatch.setattr(delta_rs, "_OPEN", {})
        with closing(KeptStates(cache, Store.at(self.lake))) as kept:
            yield Lake(Store.at(self.lake), self._engine, lease, kept)

    def append(self, *rows: int, to: TableSpec = NUMBERS, once: str = "") -> None:
        with self.process(None) as lake:
            named = [{"number": number} for number in rows]
            lake.append_rows(to, named, once=once or f"{to.id}{rows}")

    def says(self, table: TableId = NUMBERS.id, kept: bool = True) -> tuple[Any, ...] | None:
        """All that a process is told of a table, and notes whose logs it has to open for that."""
        read, opened = delta_rs.read_anew, self.opened = delta_rs.read_anew, []

        def noted(uri: str, version: int | None = None) -> DeltaTable:
            opened.append(uri)
            return read(uri, version)

        with self._monkeypatch.context() as patched, self.process(self.cache if kept else None) as lake:
            patched.setattr(delta_rs, "read_anew", noted)
            state: State | None = lake.state(table)
            if state is None:
                return None
            instants = (state.committed_at, state.written_at)
            return (state.version, state.table_id, state.metadata, state.content, state.rows, *instants, state.key)

    @property
    def log(self) -> Path:
        return self.lake / NUMBERS.id.path / "_delta_log"

    def entry(self, version: int) -> Path:
        return self.log / f"{version:020d}.json"

    def kept_file(self) -> Path:
        [file] = [path for path in self.cache.rglob("*") if path.is_file()]
        return file


@pytest.fixture
def here(tmp_path: Path, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> Here:
    here = Here(tmp_path, engine, monkeypatch)
    here.append(1, 2)
    here.append(3)
    return here


def test_what_a_log_says_is_told_by_the_next_process_without_opening_it(here: Here) -> None:
    first = here.says()
    assert first
    assert (first[0], first[4], len(here.opened)) == (1, 3, 1)
    assert here.says() == first == here.says(kept=False)
    here.says()
    assert here.opened == []


def test_of_a_table_that_a_process_wrote_the_next_one_knows_what_it_left(here: Here) -> None:
    """The process itself looks at the files of its log once, in the end, and not after each commit."""
    with here.process(here.cache) as lake:
        for number in (4, 5):
            lake.append_rows(NUMBERS, [{"number": number}], once=str(number))
            assert lake.row_count(NUMBERS.id) == number
    kept = here.says()
    assert here.opened == []
    assert kept == here.says(kept=False)


def test_of_a_table_that_another_process_wrote_meanwhile_nothing_is_kept(here: Here) -> None:
    with here.process(here.cache) as lake:
        lake.append_rows(NUMBERS, [{"number": 4}], once="4")
        assert lake.state(NUMBERS.id)
        here.append(5)
    assert here.says() == here.says(kept=False)


def test_a_log_of_many_files_is_opened_which_is_sooner_done(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_log, "LONGEST", 1)
    first = here.says()
    assert here.says() == first
    assert len(here.opened) == 1
    assert not [path for path in here.cache.rglob("*") if path.is_file()]


def commit(here: Here) -> None:
    here.append(4)


def write_anew(here: Here) -> None:
    """Another table at the same place, of as many commits with entries as long."""
    shutil.rmtree(here.lake)
    here.append(1, 2)
    here.append(3)


def rewrite_in_place(here: Here) -> None:
    """Whoever means to hide it sets size and time back; when the system noted the change cannot be set."""
    state, text = here.entry(1).stat(), here.entry(1).read_text()
    assert '"numRecords\\":1' in text
    here.entry(1).write_text(text.replace('"numRecords\\":1', '"numRecords\\":8'))
    os.utime(here.entry(1), ns=(state.st_atime_ns, state.st_mtime_ns))
    assert here.entry(1).stat().st_size == state.st_size
    assert here.entry(1).stat().st_mtime_ns == state.st_mtime_ns


def take_back(here: Here) -> None:
    """As recovery undoes a commit that a power cut left in pieces."""
    here.entry(1).unlink()


def take_back_and_commit(here: Here) -> None:
    """Another commit of the same number."""
    here.entry(1).unlink()
    here.append(8, once="again")


def restore(here: Here) -> None:
    """A copy of before, which has kept its times."""
    copy = here.lake.with_name("copy")
    shutil.copytree(here.lake, copy)
    (copy / NUMBERS.id.path / "_delta_log" / here.entry(1).name).unlink()
    shutil.rmtree(here.lake)
    copy.rename(here.lake)


def put_together(here: Here) -> None:
    DeltaTable(str(here.log.parent)).optimize.compact()


def remove(here: Here) -> None:
    shutil.rmtree(here.lake)


CHANGES = (
    commit,
    write_anew,
    rewrite_in_place,
    take_back,
    take_back_and_commit,
    restore,
    put_together,
    remove,
)


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_done_to_a_log_since_is_seen(here: Here, change: Callable[[Here], None]) -> None:
    before = here.says()
    change(here)
    now = here.says(kept=False)
    assert now != before
    assert here.says() == now
    assert here.says() == now


def break_first_entry(here: Here) -> None:
    here.entry(0).write_text("{")


def lose_first_entry(here: Here) -> None:
    here.entry(0).unlink()


def lose_checkpoint(here: Here) -> None:
    DeltaTable(str(here.log.parent)).create_checkpoint()
    for checkpoint in here.log.glob("*.checkpoint.parquet"):
        checkpoint.unlink()


@pytest.mark.parametrize("damage", [break_first_entry, lose_first_entry, lose_checkpoint])
def test_a_log_that_was_damaged_since_is_told_as_such(here: Here, damage: Callable[[Here], None]) -> None:
    here.says()
    damage(here)
    for _ in range(2):
        with pytest.raises(DamageError):
            here.says()


def test_a_checkpoint_that_is_lost_after_it_was_kept_is_told(here: Here) -> None:
    DeltaTable(str(here.log.parent)).create_checkpoint()
    here.says()
    here.says()
    assert here.opened == []
    next(here.log.glob("*.checkpoint.parquet")).unlink()
    with pytest.raises(DamageError):
        here.says()


@pytest.mark.parametrize("content", [b"", b"not kept", None])
def test_a_damaged_file_is_worth_nothing_and_is_mended(here: Here, content: bytes | None) -> None:
    first = here.says()
    file = here.kept_file()
    whole = file.read_bytes()
    file.write_bytes(whole[:-3] if content is None else content)
    assert here.says() == first
    assert len(here.opened) == 1
    here.says()
    assert here.opened == []


@pytest.mark.parametrize("text", ["[]", '{"numbers": 1}', '{"numbers": ["a"]}', "null"])
def test_a_text_of_another_form_is_worth_nothing(here: Here, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = here.says()
    monkeypatch.setattr("pipelines.storage.kept.KeptTexts.text", lambda *_: text)
    assert here.says() == first
    assert len(here.opened) == 1


def test_the_file_may_be_deleted_or_its_folder_be_one_for_nobody(here: Here) -> None:
    first = here.says()
    shutil.rmtree(here.cache)
    assert here.says() == first
    shutil.rmtree(here.cache)
    here.cache.write_text("no folder")
    assert here.says() == first


def test_nothing_is_believed_after_the_machine_was_started_anew(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may leave a file of the same name, size and time with nothing in it."""
    here.says()
    monkeypatch.setattr(kept_states, "boot", lambda: "another start")
    here.says()
    assert len(here.opened) == 1
    monkeypatch.setattr(kept_states, "boot", lambda: "")
    here.says()
    here.says()
    assert len(here.opened) == 1, "a system that does not say since when it runs is one for which nothing is kept"


def test_nothing_is_kept_where_times_are_too_coarse_to_tell(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_log, "SECOND", 1)  # as if each were a whole one
    here.says()
    here.says()
    assert len(here.opened) == 1


def test_processes_at_the_same_time_keep_what_each_has_learnt(here: Here) -> None:
    here.append(1, to=OTHERS)
    with here.process(here.cache) as first, here.process(here.cache) as second:
        first.row_count(NUMBERS.id)
        second.row_count(OTHERS.id)
    for table in (NUMBERS.id, OTHERS.id):
        here.says(table)
        assert here.opened == []


def test_what_another_writer_has_committed_is_seen_once_the_lease_is_held(here: Here) -> None:
    """Who holds it looks at no file again: what was taken from what is kept has to be of now."""
    here.says()
    settings = Settings(lake=Store.at(here.lake))
    with lease_of(settings) as lease, here.process(here.cache, lease) as lake:
        assert lake.row_count(NUMBERS.id) == 3
        with lease_of(settings) as other, here.process(None, other) as written:
            written.append_rows(NUMBERS, [{"number": 4}], once="other")
            written.release_lease()
        assert lake.hold()
        assert lake.row_count(NUMBERS.id) == 4


def test_what_was_committed_while_a_process_had_the_table_open_is_not_missed(here: Here) -> None:
    with here.process(here.cache) as lake:
        before = lake.state(NUMBERS.id)
        here.append(4)
        now = lake.state(NUMBERS.id)
        assert before
        assert now
        assert now.version == before.version + 1
        here.append(5)
    assert here.says() == here.says(kept=False)


def test_an_own_commit_is_what_is_kept(here: Here) -> None:
    here.says()
    with here.process(here.cache) as lake:
        lake.append_rows(NUMBERS, [{"number": 4}], once="own")
        assert lake.row_count(NUMBERS.id) == 4
    found = here.says()
    assert here.opened == []
    assert found == here.says(kept=False)


def test_rows_that_nobody_counted_are_counted_when_asked_for(here: Here) -> None:
    with here.process(here.cache) as lake:
        lake.state(NUMBERS.id)
    found = here.says()
    assert found
    assert found[4] == 3
    here.says()
    assert here.opened == []


def test_what_was_counted_of_the_rows_is_kept_until_there_are_others(here: Here) -> None:
    here.append(3, once="once more")

    def counted() -> tuple[int, bool]:
        """The numbers that there are, and whether somebody had to look for them."""
        with here.process(here.cache) as lake, patch.object(lake, "read", side_effect=lake.read) as read:
            return lake.distinct_rows(NUMBERS, ["number"]), read.called

    assert [counted(), counted()] == [(3, True), (3, False)]
    here.append(7)
    assert [counted(), counted()] == [(4, True), (4, False)]


def test_an_open_log_is_of_the_version_that_was_told(here: Here) -> None:
    """Another process may commit between the look at the log's files and the moment in which somebody needs more."""
    here.says()
    with here.process(here.cache) as lake:
        state = lake.state(NUMBERS.id)
        here.append(4)
        assert state
        assert state.delta.version() == state.version == 1


@pytest.fixture(scope="module")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("kept")
    place = Place(folder, project=tiny_project(folder / "project"))
    deliver(place.landing, SOURCE, "1.csv", csv_text(cells_of([household(n) for n in range(3)])))
    place.run()
    return place


def test_a_run_without_news_and_a_status_open_no_table_but_those_that_they_read(
    run_once: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUILIU_CACHE", str(tmp_path))
    stored = delta_rs.stored
    opened: set[str] = set()

    def noted(uri: str) -> DeltaTable:
        table = stored(uri)  # which raises where there is none: sources that delivered nothing have no tables
        opened.add(Path(uri).relative_to(run_once.lake).parts[0])
        return table

    monkeypatch.setattr(delta_rs, "stored", noted)

    def asked() -> tuple[set[str], list[Any]]:
        opened.clear()
        assert not run_once.run().changed
        with run_once.opened() as at:
            found = status(at.workspace)
        return {*opened}, found

    layers, first = asked()
    assert layers >= {"raw", "standard", "foundation", "returns"}
    layers, again = asked()
    assert layers == {"quality"}
    assert again == first
