"""E-licences from delivery to the cities: which version is the current one, and who gets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import pytest

from pipelines.steps.inputs import table_spec
from pipelines.tables.layout import returned
from simulation.checksums import credit_code
from simulation.licenses import ROOT, identifier, stream, with_version
from tests.support.deliveries import Row, deliver, json_lines
from tests.support.place import Opened, Place

pytestmark = pytest.mark.whole_lake

REGIONAL = credit_code("1", "1", "150000", "40000000")  # an agency of the autonomous region itself
MODEL = "current_license"


def licenses() -> Iterator[Row]:
    yield from stream(7, 100)


def changed(row: Row, when: str, version: int = 1, **cells: str) -> Row:
    return {**row, "证照标识": with_version(row["证照标识"], version), "更新时间": f"2026-07-{when} 08:00:00", **cells}


def license_of(row: Row) -> str:
    return row["证照标识"][:-6]


PLAIN, RENEWED, LATE, REVOKED, WITHDRAWN, GONE, ENDLESS = islice(licenses(), 7)
ABOVE = {
    **next(stream(8, 1)),
    "证照颁发机构代码": REGIONAL,
    "证照标识": identifier(PLAIN["证照类型代码"], REGIONAL, "1", 1),
    "证照类型代码": PLAIN["证照类型代码"],
}
FIRST = [
    PLAIN,
    RENEWED,
    LATE,
    changed(LATE, "03", 3),
    REVOKED,
    WITHDRAWN,
    GONE,
    {**ENDLESS, "证照有效期截止日期": "长期"},
    ABOVE,
]
LATER = [
    changed(RENEWED, "02", 2, 持证主体="另一个名字"),
    changed(LATE, "04", 2),  # an older version, delivered and updated after the newer one
    changed(REVOKED, "02", 证照状态="吊销"),
    changed(WITHDRAWN, "02", 2),
    changed(WITHDRAWN, "03", 2, 操作标志="D"),
    changed(GONE, "02", 操作标志="D"),
]


@pytest.fixture(scope="module")
def lake(place: Place) -> Place:
    deliver(place.landing, "e_license", "first.jsonl", json_lines(FIRST))
    place.run()
    deliver(place.landing, "e_license", "later.jsonl", json_lines(LATER))
    place.run()
    return place


def current(at: Opened) -> dict[str, dict[str, object]]:
    return {row["license"]: row for row in at.rows(table_spec(at.workspace, MODEL))}


def test_one_row_per_licence_and_its_highest_version(lake: Place) -> None:
    with lake.opened() as at:
        rows = current(at)
        assert not at.quarantine("e_license")
    kept = [PLAIN, RENEWED, LATE, REVOKED, WITHDRAWN, ENDLESS, ABOVE]
    assert {row["license"]: row["version"] for row in rows.values()} == {
        license_of(row): {license_of(RENEWED): 2, license_of(LATE): 3}.get(license_of(row), 1) for row in kept
    }
    assert rows[license_of(RENEWED)]["holder_name"] == "另一个名字"
    assert rows[license_of(LATE)]["license_identifier"] == with_version(LATE["证照标识"], 3)
    assert rows[license_of(REVOKED)]["state"] == "07"
    assert rows[license_of(ENDLESS)]["valid_to"] is None
    assert rows[license_of(PLAIN)]["valid_to"] is not None


def test_cities_get_what_agencies_of_their_ground_issued(lake: Place) -> None:
    with lake.opened() as at:
        spec, read = table_spec(at.workspace, MODEL), at.workspace.lake.engine
        back = read.rows(read.read(at.workspace.lake.uri(returned(spec.id))))
        assert all(set(row) == {"city", *spec.names} for row in back)
        found = {row["license"]: row["city"] for row in back}
        rows = current(at)
    assert found == {
        name: str(row["issue_region"])[:4] + "00" for name, row in rows.items() if name != license_of(ABOVE)
    }
    assert rows[license_of(ABOVE)]["issue_region"] == "150000"


def test_holders_are_masked_for_analysts_and_plain_for_cities(lake: Place) -> None:
    with lake.opened() as at:
        spec = table_spec(at.workspace, MODEL)
    assert {name: spec.column(name).grade for name in ("holder_name", "holder_code", "state")} == {
        "holder_name": "personal",
        "holder_code": "sensitive_personal",
        "state": "public",
    }
    assert all(spec.column(name).mask for name in ("holder_name", "holder_code"))


def test_a_stream_never_repeats_a_licence() -> None:
    rows = [*stream(1, 300), *stream(1, 300, start=300), *stream(2, 300), *stream(11, 300, start=10**9)]
    assert len({row["证照标识"] for row in rows}) == len(rows) == 1200
    assert [*stream(1, 5, start=3)] == [*stream(1, 5, start=3)]
    assert all(row["证照标识"].startswith(ROOT) for row in rows)


def test_what_a_stream_gives_is_good(lake: Place) -> None:
    rows = [*stream(3, 200, updated_at=datetime(2026, 7, 9, 23, 59, 30))]
    assert [row["更新时间"] for row in rows[29:31]] == ["2026-07-09 23:59:59", "2026-07-10 00:00:00"]
    deliver(lake.landing, "e_license", "pushed.jsonl", json_lines(rows))
    lake.run()
    with lake.opened() as at:
        pushed = {license_of(row) for row in rows}
        flags = [row["_flags"] for row in at.standard("e_license") if row["license_identifier"][:-6] in pushed]
        assert flags == [None] * 200
        assert not at.quarantine("e_license")
        assert pushed <= set(current(at))
