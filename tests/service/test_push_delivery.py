"""Pushed rows on their way into the lake: nothing lost and nothing doubled, whenever and whatever is killed."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.database import segments
from pipelines.database.connection import Database
from pipelines.database.queue import Queue, Request
from pipelines.database.tables import REQUESTS, SEGMENTS
from pipelines.errors import LakeError
from pipelines.service import deliver
from pipelines.service.deliver import deliver_pushed
from pipelines.settings import Settings
from tests.support.place import PROJECT, Place
from tests.support.postgres_server import OWNER, PostgresServer
from tests.support.pushing import (
    AGENCY,
    EITHER_DATABASE,
    SOURCE,
    TOKEN_KEY,
    Pushed,
    death,
    in_its_database,
    lines_of,
    numbers,
)

WEEKS = 3600 * 24 * 7


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Pushed]:
    at = Pushed(tmp_path)
    yield at
    if at.process:
        at.end()


@pytest.fixture(params=EITHER_DATABASE)
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pushed]:
    """A place whose queue is in either database."""
    with in_its_database(tmp_path, request, "pushing") as pushed:
        yield pushed


def queue(settings: Settings, *requests: tuple[str, str, list[int]]) -> None:
    """Requests as the server keeps them: agency, key, and the numbers of the rows."""
    with Database.of(settings) as database:
        database.upgrade()
        for agency, key, rows in requests:
            body = lines_of([death(number) for number in rows])
            Queue(database, 10_000).take(Request.of(SOURCE, agency, key, body), body.splitlines(keepends=True))


def test_an_accepted_row_survives_a_killed_server_and_is_delivered_once(pushed: Pushed) -> None:
    token = pushed.token()
    pushed.start()
    first = pushed.push([death(1)], "a", token=token)
    assert first.status == 202
    pushed.kill()
    pushed.start()
    again = pushed.push([death(1)], "a", token=token)
    assert (again.status, again.body) == (202, first.body)
    assert pushed.push([death(2)], "a", token=token).status == 409
    assert [segment.rows for segment in deliver_pushed(pushed.settings)] == [1]
    assert numbers(pushed.landed()) == {"D000001": 1}
    # The payload is gone now, the key is not.
    again = pushed.push([death(1)], "a", token=token)
    assert (again.status, again.body) == (202, first.body)
    assert pushed.push([death(2)], "a", token=token).status == 409
    assert deliver_pushed(pushed.settings) == []


def test_many_push_at_once_while_the_server_is_killed_and_deliveries_go_on(pushed: Pushed) -> None:
    tokens = [pushed.token("health"), pushed.token("public_security")]
    pushed.start()
    port, done = pushed.port, threading.Event()

    def client(number: int) -> None:
        for turn in range(20):
            rows = [death(number * 1000 + turn * 10 + place) for place in range(3)]
            key = f"{number}-{turn}"
            # A client that gets no answer sends the same again under the same key; here each one is sent twice.
            for _ in range(2):
                while pushed_status(pushed, rows, key, tokens[number % 2]) != 202:
                    time.sleep(0.05)

    def deliveries() -> None:
        while not done.is_set():
            deliver_pushed(pushed.settings, segment_rows=20)

    with ThreadPoolExecutor(9) as clients:
        delivering = clients.submit(deliveries)
        pushing = [clients.submit(client, number) for number in range(8)]
        while not pushed.landed():
            time.sleep(0.02)
        pushed.kill()
        pushed.start(port)
        for future in pushing:
            future.result()
        done.set()
        delivering.result()
    deliver_pushed(pushed.settings)
    due = {
        f"D{number * 1000 + turn * 10 + place:06d}" for number in range(8) for turn in range(20) for place in range(3)
    }
    assert numbers(pushed.landed()) == Counter(due)


def pushed_status(pushed: Pushed, rows: list[dict[str, Any]], key: str, token: str) -> int | None:
    try:
        return pushed.push(rows, key, token=token).status
    except (OSError, http.client.HTTPException):
        return None


def test_a_request_in_flight_is_answered_before_the_server_ends(pushed: Pushed) -> None:
    token = pushed.token()
    pushed.start()
    body = json.dumps([death(1)]).encode()
    head = (
        f"POST /ingest/{SOURCE} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: a\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    assert pushed.process
    with socket.create_connection(("127.0.0.1", pushed.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert b"100 Continue" in connection.recv(1000)  # the request is being read
        pushed.process.send_signal(signal.SIGTERM)
        connection.sendall(body[:10])
        until = time.monotonic() + 60
        while time.monotonic() < until and listens(pushed.port):
            time.sleep(0.02)
        assert not listens(pushed.port)
        connection.sendall(body[10:])
        assert b"202 Accepted" in connection.recv(1000)
    assert pushed.process.wait(60) == 0
    pushed.process = None
    deliver_pushed(pushed.settings)
    assert numbers(pushed.landed()) == {"D000001": 1}


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_a_delivery_killed_at_any_line_is_made_good_by_the_next(tmp_path: Path) -> None:
    """Killed before every line in turn that a delivery goes through; the next one always leads to the same rows."""
    before = Pushed(tmp_path / "before")
    queue(before.settings, (AGENCY, "a", [1, 2]), ("public_security", "a", [3]), (AGENCY, "b", [4]))
    states = set()
    for line in itertools.count(1):
        at = Pushed(tmp_path / str(line))
        shutil.copytree(before.folder, at.folder)
        killed = delivery_killed_at(line, at.settings)
        lying = {path: path.read_bytes() for path in (at.settings.landing / SOURCE).glob("push-*")}
        states.add(len(lying))
        deliver_pushed(at.settings, segment_rows=3)
        assert numbers(at.landed()) == {f"D{number:06d}": 1 for number in range(1, 5)}, line
        assert {path: path.read_bytes() for path in lying} == lying
        assert deliver_pushed(at.settings, segment_rows=3) == []
        assert sorted(path.suffix for path in (at.settings.landing / SOURCE).iterdir()) == [".jsonl"] * 2
        if not killed:
            break
        shutil.rmtree(at.folder)
    assert states == {0, 1, 2}


def delivery_killed_at(line: int, settings: Settings) -> bool:
    """Deliver in a process of its own that is killed before the nth line of its way; False where it came to its end."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in (deliver.__file__, segments.__file__):
            return None
        left -= event == "line"
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    deliver_pushed(settings, segment_rows=3)
    os._exit(0)


def test_segments_are_bounded_and_hold_one_agency_each(kept: Pushed) -> None:
    requests = [(AGENCY, str(number), [10 * number, 10 * number + 1]) for number in range(5)]
    queue(kept.settings, *requests, ("public_security", "0", [90]), (AGENCY, "large", list(range(200, 209))))
    segments = deliver_pushed(kept.settings, segment_rows=4)
    assert [(segment.agency, segment.rows) for segment in segments] == [
        (AGENCY, 4),
        (AGENCY, 4),
        (AGENCY, 2),
        ("public_security", 1),
        (AGENCY, 9),
    ]
    assert [segment.number for segment in segments] == sorted(segment.number for segment in segments)
    assert sum(numbers(kept.landed()).values()) == 20
    assert deliver_pushed(kept.settings) == []


def test_two_deliveries_at_once_deliver_once(kept: Pushed) -> None:
    queue(kept.settings, *((AGENCY, str(number), [number]) for number in range(100)))
    with ThreadPoolExecutor(4) as several:
        done = [several.submit(deliver_pushed, kept.settings, 5) for _ in range(4)]
        segments = [segment.number for future in done for segment in future.result()]
    assert len(segments) == len(set(segments)) == 20
    assert numbers(kept.landed()) == {f"D{number:06d}": 1 for number in range(100)}


def test_what_cannot_be_written_stays_queued(kept: Pushed) -> None:
    queue(kept.settings, (AGENCY, "a", [1]))
    kept.settings.landing.mkdir(parents=True)
    (kept.settings.landing / SOURCE).write_text("in the way")
    with pytest.raises(LakeError, match="stay queued; what to do"):
        deliver_pushed(kept.settings)
    (kept.settings.landing / SOURCE).unlink()
    assert [segment.rows for segment in deliver_pushed(kept.settings)] == [1]
    assert numbers(kept.landed()) == {"D000001": 1}


def test_a_folder_that_takes_no_file_keeps_back_no_other_source(kept: Pushed) -> None:
    queue(kept.settings, (AGENCY, "a", [1]), (AGENCY, "b", [2]))
    kept.change(REQUESTS, REQUESTS.c.key == "a", source="another_source")
    kept.settings.landing.mkdir(parents=True)
    (kept.settings.landing / "another_source").write_text("in the way")
    with pytest.raises(LakeError, match=r"another_source.*stay queued; what to do"):
        deliver_pushed(kept.settings)
    assert numbers(kept.landed()) == {"D000002": 1}


def test_nothing_is_made_where_nothing_was_pushed(pushed: Pushed) -> None:
    assert deliver_pushed(pushed.settings) == []
    assert list(pushed.folder.iterdir()) == []


def test_keys_are_forgotten_after_the_retention_and_not_before(kept: Pushed) -> None:
    queue(kept.settings, (AGENCY, "old", [1]), (AGENCY, "waiting", [2]))
    (old, waiting) = deliver_pushed(kept.settings, segment_rows=1)
    (kept.settings.landing / SOURCE / old.file).unlink()  # taken away: it waits no longer
    deliver_pushed(kept.settings)
    months_ago = time.time() - 10 * WEEKS
    kept.change(REQUESTS, sa.true(), received_at=months_ago)
    assert {key for key, _ in kept_keys(kept)} == {"old", "waiting"}
    deliver_pushed(kept.settings)
    assert {key for key, _ in kept_keys(kept)} == {"old", "waiting"}
    kept.change(SEGMENTS, SEGMENTS.c.number == old.number, ingested_at=months_ago)
    deliver_pushed(kept.settings.model_copy(update={"retention": 100}))
    assert {key for key, _ in kept_keys(kept)} == {"old", "waiting"}
    deliver_pushed(kept.settings)
    assert kept_keys(kept) == [("waiting", waiting.number)]
    queue(kept.settings, (AGENCY, "old", [3]))
    (new,) = deliver_pushed(kept.settings)
    assert new.number > waiting.number


def kept_keys(kept: Pushed) -> list[tuple[str, int | None]]:
    with Database.of(kept.settings) as database, database.transaction() as connection:
        return [(row.key, row.segment) for row in connection.execute(sa.select(*REQUESTS.c["key", "segment"])).all()]


def test_who_pushes_more_than_may_wait_is_asked_to_wait(tmp_path: Path) -> None:
    pushed = Pushed(tmp_path, limits={"push_limit": 5})
    token = pushed.token()
    pushed.start()
    try:
        assert pushed.push([death(1), death(2), death(3)], "a", token=token).status == 202
        full = pushed.push([death(4), death(5), death(6)], "b", token=token)
        assert full.error == (429, "queue_full", None)
        assert int(full.headers["retry-after"]) > 0
        assert pushed.push([death(1), death(2), death(3)], "a", token=token).status == 202
        assert pushed.push([death(n) for n in range(6)], "c", token=token).error == (413, "too_many_rows", None)
        (segment,) = deliver_pushed(pushed.settings)
        assert pushed.push([death(4), death(5), death(6)], "b", token=token).status == 429
        (pushed.settings.landing / SOURCE / segment.file).unlink()
        deliver_pushed(pushed.settings)
        assert pushed.push([death(4), death(5), death(6)], "b", token=token).status == 202
    finally:
        pushed.end()


@pytest.mark.postgres
def test_a_database_that_does_not_answer_is_told_and_the_same_request_goes_through_later(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    postgres_server.sql("CREATE DATABASE away", "postgres")
    pushed = Pushed(tmp_path, db=postgres_server.url(OWNER, database="away"))
    token = pushed.token()
    pushed.start()
    try:
        first = pushed.push([death(1)], "a", token=token)
        assert first.status == 202
        postgres_server.stop()
        try:
            away = pushed.push([death(2)], "b", token=token)
            assert away.error == (503, "database_away", None)
            assert int(away.headers["retry-after"]) > 0
            assert pushed.ask("GET", "/health").status == 503
        finally:
            postgres_server.start()
        assert pushed.push([death(2)], "b", token=token).status == 202
        assert pushed.push([death(1)], "a", token=token).body == first.body
        assert "does not answer or refuses" in pushed.log
        assert TOKEN_KEY not in pushed.log
    finally:
        pushed.end()
    deliver_pushed(pushed.settings)
    assert numbers(pushed.landed()) == {"D000001": 1, "D000002": 1}
    postgres_server.sql("DROP DATABASE away WITH (FORCE)", "postgres")


def one_source(folder: Path) -> Path:
    """A project of one of the real contracts and a small golden record: the other sources would only take time."""
    shutil.copytree(PROJECT / "catalog", folder / "catalog")
    for file in (f"foundation_dbs/person/sources/{SOURCE}.yml", "expectations/every_source.yml"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / file, folder / file)
    attributes = f"{{person_name: {{from: [{SOURCE}]}}}}"
    record = f"title: 自然人\ndescription: Persons.\nkey: id_number\nattributes: {attributes}\n"
    (folder / "foundation_dbs/person/person.yml").write_text(record, encoding="utf-8")
    return folder


def test_the_whole_way_from_a_push_to_standard(tmp_path: Path) -> None:
    """An hour's settle time: a sealed file is taken at once all the same, and its cells are those that were sent."""
    place = Place(tmp_path, settle=3600, project=one_source(tmp_path / "project"))
    pushed = Pushed(tmp_path, project=place.project)
    token = pushed.token()
    pushed.start()
    rows = [death(1, 死亡原因="  因  病 "), death(2, 死亡地点=None)]
    written = json.dumps(rows[0], ensure_ascii=False)[:-1] + ', "另": 1.50}'
    try:
        assert pushed.push(f"[{written}]".encode(), "a", token=token).status == 202
        assert pushed.push(rows[1], "b", token=token).status == 202
    finally:
        pushed.end()
    settings = pushed.settings.model_copy(update={"settle": 3600.0})
    (segment,) = deliver_pushed(settings)
    file = settings.landing / SOURCE / segment.file
    shutil.copy2(file, file.with_name("push-again.jsonl"))
    with Database.of(settings) as database:
        deliver_pushed(settings)
        assert Queue(database, 10).waiting() == 2
        done = place.run().ingested[SOURCE]
        assert (done.rows, done.new, done.known, done.waiting) == (2, 1, 1, [])
        deliver_pushed(settings)
        assert Queue(database, 10).waiting() == 0
    with place.opened() as at:
        raw, standard = at.raw(SOURCE), at.standard(SOURCE)
    assert [(row["certificate_number"], row["cause_of_death"], row["_extra"]) for row in raw] == [
        ("D000001", "  因  病 ", '{"另": "1.50"}'),
        ("D000002", None, None),
    ]
    assert {row["certificate_number"] for row in standard} == {"D000001", "D000002"}
