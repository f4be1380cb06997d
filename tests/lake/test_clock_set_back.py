"""A clock that is set back: what is received, decided, released or pushed next still comes after all there is."""

from __future__ import annotations

import datetime
from pathlib import Path
from unittest.mock import patch

import sqlalchemy as sa

from pipelines import clock
from pipelines.database.connection import Database
from pipelines.database.tables import REQUESTS
from pipelines.tables.specs import BATCHES, RELEASES, VERDICTS
from tests.service.test_push_delivery import queue
from tests.support.deliveries import Delivered, death, household
from tests.support.place import Place
from tests.support.pushing import AGENCY, Pushed
from tests.support.tiny_project import tiny_project

AHEAD = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)


def test_each_time_is_later_than_the_newest_of_its_kind(tmp_path: Path) -> None:
    """The second delivery is another source's: what it says is told from the first's by when it came."""
    sources = ("household_registration", "death_registration")
    place = Place(tmp_path, project=tiny_project(tmp_path / "project"))
    Delivered(sources[0], "1.csv", [household(1), household(2)]).write(place.landing)
    with patch.object(clock, "now", lambda: AHEAD):
        place.run()
    Delivered(sources[1], "1.csv", [death(1)]).write(place.landing)
    place.run()
    with place.opened() as at:
        kinds = {"received_at": BATCHES, "decided_at": VERDICTS, "released_at": RELEASES}
        times = {name: sorted({row[name] for row in at.rows(spec)}) for name, spec in kinds.items()}
        orders = {row["source"]: row["received_at"] for row in at.rows(BATCHES)}
        releases = {row["release"]: row["released_at"] for row in at.rows(RELEASES)}
    assert {name: len(found) for name, found in times.items()} == dict.fromkeys(kinds, 2)
    assert all(AHEAD <= first < second for first, second in times.values())
    assert orders[sources[0]] < orders[sources[1]]
    assert releases[1] < releases[2]


def test_pushed_rows_come_after_those_before_them(tmp_path: Path) -> None:
    pushed = Pushed(tmp_path)
    queue(pushed.settings, (AGENCY, "a", [1]))
    pushed.change(REQUESTS, REQUESTS.c.key == "a", received_at=AHEAD.timestamp())
    queue(pushed.settings, (AGENCY, "b", [2]), (AGENCY, "c", [3]))
    with Database.of(pushed.settings) as database, database.transaction() as connection:
        times = connection.execute(sa.select(REQUESTS.c.received_at).order_by(REQUESTS.c.id)).scalars().all()
    assert times[0] == AHEAD.timestamp()
    assert times[0] < times[1] < times[2]
