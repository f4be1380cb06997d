"""A front-end database as a source, on both engines: what is read, what is read again, and what never is twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.lake.lake import Lake
from pipelines.steps.run import run
from pipelines.tables.specs import BATCHES, standard_spec
from tests.support.front_end import SOURCE, FrontEnd, couples, numbers, once
from tests.support.postgres_server import PASSWORDS, READER, PostgresServer

pytestmark = pytest.mark.postgres


def test_the_first_reading_takes_every_row_as_text(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 40))
    done = front_end.ingest()
    assert (done.new, done.rows, done.problems) == (1, 40, [])
    rows = front_end.raw()
    assert numbers(rows) == list(range(1, 41))
    assert [row["_row"] for row in rows] == list(range(1, 41))
    first = {name: value for name, value in rows[0].items() if name not in ("_batch", "_received_at")}
    assert first == {
        "_row": 1,
        "registration_number": "J000001",
        "registered_on": "2020-01-02",
        "remark": "备注 1",
        "updated_at": "2026-07-01 08:00:01+08",
        "delete_flag": "U",
        "_extra": None,
        "_damage": None,
        "_undecodable": None,
    }


@once
def test_a_reading_is_a_batch_like_a_file(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 3))
    front_end.ingest()
    (entry,) = front_end.batches()
    (row, *_) = front_end.raw()
    assert (entry["batch"], entry["received_at"]) == (row["_batch"], row["_received_at"])
    assert entry["batch"].startswith(f"{SOURCE}-")
    assert (entry["source"], entry["file"], entry["format"]) == (SOURCE, "民政.marriage", "postgresql")
    assert entry["header"] == ["cert_no", "登记日期", "备注", "操作标志", "updated_at"]
    assert (entry["rows"], entry["readable"], entry["problems"]) == (3, True, [])


def test_later_readings_take_what_was_written_since(front_end: FrontEnd) -> None:
    front_end.table("name: 民政.marriage, watermark: updated_at, lag: 2 s")
    front_end.sql(couples(1, 10))
    front_end.ingest()
    assert (again := front_end.ingest()).new == 0
    assert (again.rows, again.problems) == (0, [])
    front_end.sql(couples(11, 12, "2026-07-02 08:00:00+08"))
    front_end.sql("UPDATE 民政.marriage SET \"备注\" = '改', updated_at = '2026-07-03' WHERE cert_no = 'J000004'")
    assert front_end.ingest().rows == 3
    assert sorted(numbers(front_end.raw()[10:])) == [4, 11, 12]
    assert front_end.raw()[10:][numbers(front_end.raw()[10:]).index(4)]["remark"] == "改"
    assert front_end.ingest().new == 0
    assert [entry["rows"] for entry in front_end.batches()] == [10, 3]


def test_a_row_that_is_changed_during_a_reading_comes_with_the_next(
    front_end: FrontEnd, at_reading: Callable[[Callable[[], object]], None], in_parts: None
) -> None:
    front_end.sql(couples(1, 2_000))
    changed = "UPDATE 民政.marriage SET \"备注\" = '改', updated_at = '2026-07-03' WHERE cert_no < 'J000500'"
    at_reading(lambda: front_end.sql(f"{changed}; {couples(2_001, 2_100, '2026-07-02')}; VACUUM 民政.marriage"))
    front_end.ingest()
    rows = front_end.raw()
    assert numbers(rows) == list(range(1, 2_001)), "one state of the table, whichever reader came when"
    assert "改" not in {row["remark"] for row in rows}
    front_end.ingest()
    assert sorted(numbers(front_end.raw()[2_000:])) == [*range(1, 500), *range(2_001, 2_101)]


def test_a_row_that_is_committed_late_is_not_lost(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 5))
    late = front_end.server.session()
    try:
        late.run(f"BEGIN; {couples(6, 6, '2026-07-01 07:59:55+08')}")
        front_end.sql(couples(100, 100))
        front_end.ingest()
        late.run("COMMIT;")
    finally:
        late.close()
    assert 6 not in numbers(front_end.raw())
    assert front_end.ingest().rows == 7, "the rows within the lag, for which the late one has come"
    assert numbers(front_end.raw()).count(6) == 1
    assert front_end.ingest().new == 0


@once
def test_what_comes_behind_the_lag_is_declared_to_be_lost(front_end: FrontEnd) -> None:
    front_end.table("name: 民政.marriage, watermark: updated_at, lag: 10 s")
    front_end.sql(couples(100, 100))
    front_end.ingest()
    front_end.sql(couples(89, 89))
    assert front_end.ingest().new == 0
    front_end.sql(couples(90, 90))
    assert front_end.ingest().rows == 2
    assert sorted(numbers(front_end.raw())) == [90, 100, 100]


@once
def test_rows_without_a_watermark_are_read_again_when_one_of_them_changes(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 6) + "UPDATE 民政.marriage SET updated_at = NULL WHERE cert_no <= 'J000002'")
    done = front_end.ingest()
    assert done.rows == 6
    assert [problem.column for problem in done.problems] == ["updated_at"]
    assert "2 rows have no watermark" in str(done.problems[0])
    assert front_end.ingest().new == 0
    front_end.sql("UPDATE 民政.marriage SET \"备注\" = '改' WHERE cert_no = 'J000002'")
    assert front_end.ingest().rows == 2
    assert sorted((row["registration_number"], row["remark"]) for row in front_end.raw()[6:]) == [
        ("J000001", "备注 1"),
        ("J000002", "改"),
    ]


@once
def test_a_watermark_in_the_future_does_not_hide_what_comes_after_it(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 3) + couples(9, 9, "9999-12-30"))
    done = front_end.ingest()
    assert done.rows == 4
    assert "1 rows have a watermark in the future" in str(done.problems[0])
    front_end.sql(couples(4, 4))
    assert front_end.ingest().rows == 1
    assert numbers(front_end.raw())[4:] == [4]


@once
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", ("7", "8", "9")),
        ("numeric(30,10)", ("0.1", "0.10000000001", "12345678901234567890.5")),
        ("date", ("2026-01-30", "2026-01-31", "2026-02-01")),
        ("timestamp", ("2026-01-30 00:00:00.000001", "2026-01-30 00:00:00.000002", "2026-01-31")),
    ],
)
def test_every_kind_of_watermark(front_end: FrontEnd, kind: str, values: tuple[str, ...]) -> None:
    front_end.table("name: 民政.marriage, watermark: version")
    front_end.sql(couples(1, 4) + f"ALTER TABLE 民政.marriage ADD version {kind}")
    for number, value in enumerate([values[0], values[0], values[1], values[2]], 1):
        front_end.sql(f"UPDATE 民政.marriage SET version = '{value}' WHERE cert_no = 'J{number:06d}'")
    front_end.sql("CREATE TABLE 民政.later AS SELECT * FROM 民政.marriage WHERE cert_no = 'J000004'")
    front_end.sql("DELETE FROM 民政.marriage WHERE cert_no = 'J000004'")
    assert front_end.ingest().rows == 3
    assert front_end.ingest().new == 0
    front_end.sql("INSERT INTO 民政.marriage SELECT * FROM 民政.later")
    assert front_end.ingest().rows == 1
    assert numbers(front_end.raw())[3:] == [4]


@once
def test_a_date_as_watermark_counts_the_whole_day(front_end: FrontEnd) -> None:
    front_end.table("name: 民政.marriage, watermark: 登记日期")
    front_end.sql("INSERT INTO 民政.marriage VALUES ('J000001', '2026-03-01'), ('J000002', '2026-03-02')")
    front_end.ingest()
    front_end.sql("INSERT INTO 民政.marriage VALUES ('J000003', '2026-03-02')")
    assert front_end.ingest().rows == 2
    assert sorted(numbers(front_end.raw()[2:])) == [2, 3]


VALUES = {
    "digits": ("numeric", "'12345678901234567890123456789.000000000012345678900'"),
    "tiny": ("numeric(38,30)", "1e-30"),
    "endless": ("numeric", "'NaN'"),
    "real": ("double precision", "0.1::float8 + 0.2::float8"),
    "moment": ("timestamptz", "'2026-07-01 00:00:00.123456+00'"),
    "local": ("timestamp", "'1990-06-01 02:30:00'"),
    "never": ("timestamptz", "'infinity'"),
    "ancient": ("date", "'0044-03-15 BC'"),
    "yes": ("boolean", "true"),
    "lines": ("text", "E'第一行\\n\"引号\" ''单'' \\\\ 反斜杠\\t制表'"),
    "nullish": ("text", "E'\\\\0 \\\\x00 NULL \\\\N \\u0001'"),
    "picture": ("text", "'𠮷 👩‍👩‍👧 ﷽'"),
    "nothing": ("text", "NULL"),
    "empty": ("text", "''"),
    "bytes": ("bytea", "'\\x00ff27'"),
    "list": ("text[]", "ARRAY['a,b', NULL, '\"']"),
    "json": ("jsonb", '\'{"b": 1, "a": null}\''),
    "span": ("interval", "'1 year 2 days 03:04:05.6'"),
    "price": ("money", "'1234.5'"),
    '中文 "列" $?': ("text", "'在'"),
}


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "kept aside"])
def test_cells_are_what_postgresql_itself_writes(front_end: FrontEnd, declared: bool) -> None:
    names = {value: f"value_{place}" for place, value in enumerate(VALUES)}
    quoted = {value: '"' + value.replace('"', '""') + '"' for value in VALUES}
    front_end.sql(couples(1, 1) + "".join(
        f"ALTER TABLE 民政.marriage ADD {quoted[column]} {kind};"
        f"UPDATE 民政.marriage SET {quoted[column]} = {value};"
        for column, (kind, value) in VALUES.items()
    ))  # fmt: skip
    if declared:
        lines = "".join(f"  '{value}': {{name: {name}, element: text}}\n" for value, name in names.items())
        front_end.contract("columns:\n", f"columns:\n{lines}")
    session = "SET TimeZone = 'Asia/Shanghai'; SET lc_monetary = 'C'; "
    wanted = json.loads(front_end.sql(
        f"{session} SELECT jsonb_object(ARRAY[{', '.join(_literal(name) for name in names.values())}], "
        f"ARRAY[{', '.join(f'{quoted[value]}::text' for value in VALUES)}]) FROM 民政.marriage"
    ))  # fmt: skip
    done = front_end.ingest()
    (row,) = front_end.raw()
    if declared:
        assert {name: row[name] for name in names.values()} == wanted
        assert (row["_extra"], done.problems) == (None, [])
        assert wanted[names["tiny"]] == "0.000000000000000000000000000001"
        assert wanted[names["moment"]] == "2026-07-01 08:00:00.123456+08"
        assert wanted[names["bytes"]] == "\\x00ff27"
        assert wanted[names["nothing"]] is None
    else:
        extra = json.loads(row["_extra"])
        assert extra == {header: wanted[name] for header, name in names.items() if wanted[name] is not None}
        assert "no such columns" in str(done.problems[0])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_rows_are_numbered_alike_in_one_piece_and_in_parts(
    front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    front_end.sql(couples(1, 3_000) + "DELETE FROM 民政.marriage WHERE cert_no BETWEEN 'J000100' AND 'J001500'")
    front_end.ingest()
    request.getfixturevalue("in_parts")
    other = front_end.in_another_lake("in_parts")
    other.ingest()
    whole, parts = front_end.raw(), other.raw()
    assert [row["_row"] for row in whole] == list(range(1, len(whole) + 1))
    assert _without_time(parts) == _without_time(whole)


@pytest.mark.spark
def test_both_engines_hold_the_same_rows(front_end: FrontEnd, in_parts: None) -> None:
    other = front_end.in_another_lake("other", engine="duckdb" if front_end.settings.engine == "spark" else "spark")
    front_end.table("name: 民政.marriage, watermark: updated_at, lag: 2 s")
    front_end.sql(couples(1, 1_000) + "ALTER TABLE 民政.marriage ADD more numeric DEFAULT 1.50")
    for written in ("", "UPDATE 民政.marriage SET updated_at = '2026-07-03' WHERE cert_no > 'J000700'"):
        front_end.sql(written)
        front_end.ingest()
        other.ingest()
    assert _without_time(front_end.raw()) == _without_time(other.raw())
    assert len(front_end.raw()) == 1_300
    # Either goes on with a lake that the other wrote.
    taken_over = front_end.in_another_lake(Path(str(other.settings.lake)).name)
    assert taken_over.ingest().new == 0


def _without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "_received_at"} for row in rows]


@once
def test_a_partitioned_table_and_a_view_are_read_like_a_table(front_end: FrontEnd, in_parts: None) -> None:
    front_end.sql(f"""
        ALTER TABLE 民政.marriage RENAME TO plain;
        CREATE TABLE 民政.marriage (LIKE 民政.plain) PARTITION BY RANGE (cert_no);
        CREATE TABLE 民政.low PARTITION OF 民政.marriage FOR VALUES FROM ('J') TO ('J000700');
        CREATE TABLE 民政.high PARTITION OF 民政.marriage FOR VALUES FROM ('J000700') TO ('K');
        CREATE VIEW 民政.seen AS SELECT * FROM 民政.marriage WHERE cert_no >= 'J000002';
        GRANT SELECT ON 民政.marriage, 民政.seen TO {READER};
    """)
    front_end.sql(couples(1, 1_500))
    front_end.ingest()
    rows = front_end.raw()
    assert sorted(numbers(rows)) == list(range(1, 1_501))
    assert [row["_row"] for row in rows] == list(range(1, 1_501))
    view = front_end.in_another_lake("view")
    view.table("name: 民政.seen, watermark: updated_at")
    view.ingest()
    assert numbers(view.raw()) == list(range(2, 1_501)), "in the order of the watermark"


@once
def test_a_crash_between_the_rows_and_their_entry_is_mended(
    front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    front_end.sql(couples(1, 5))

    def crash(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Lake, "append_rows", crash)
        with pytest.raises(KeyboardInterrupt):
            front_end.ingest()
    assert (len(front_end.raw()), front_end.batches()) == (5, [])
    assert front_end.ingest().new == 0
    (entry,) = front_end.batches()
    (row, *_) = rows = front_end.raw()
    assert len(rows) == 5
    assert (entry["batch"], entry["received_at"], entry["rows"]) == (row["_batch"], row["_received_at"], 5)


@once
def test_another_table_of_the_same_source_is_read_from_its_beginning(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 5))
    front_end.ingest()
    front_end.sql(f"CREATE TABLE 民政.new AS SELECT * FROM 民政.marriage; GRANT SELECT ON 民政.new TO {READER}")
    front_end.table("name: 民政.new, watermark: updated_at")
    assert front_end.ingest().rows == 5
    assert len(front_end.batches()) == 2


def test_a_reader_may_do_nothing_but_read_and_does_nothing_else(front_end: FrontEnd, in_parts: None) -> None:
    front_end.sql(f"""
        CREATE VIEW 民政.seen AS SELECT *, current_setting('transaction_read_only') AS read_only,
            current_setting('transaction_isolation') AS isolation, current_user::text AS role FROM 民政.marriage;
        REVOKE ALL ON 民政.marriage FROM {READER};
        GRANT SELECT ON 民政.seen TO {READER};
    """)
    granted = front_end.sql(
        f"SELECT string_agg(privilege_type || ' ' || table_name, ', ') FROM information_schema.role_table_grants "
        f"WHERE grantee = '{READER}'"
    )
    assert granted == "SELECT seen"
    front_end.sql(couples(1, 5))
    front_end.table("name: 民政.seen, watermark: updated_at")
    assert front_end.ingest().rows == 5
    extra = {row["_extra"] for row in front_end.raw()}
    assert [json.loads(cells) for cells in extra] == [
        {"read_only": "on", "isolation": "repeatable read", "role": READER},
    ]


def test_credentials_reach_neither_lake_nor_errors(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 5))
    front_end.ingest()
    secrets = [PASSWORDS[READER], front_end.server.url(), READER, str(front_end.server.port)]
    files = [file for file in Path(str(front_end.settings.lake)).rglob("*") if file.is_file()]
    assert len(files) >= 4
    for file in files:
        content = file.read_bytes()
        assert not [place for place, secret in enumerate(secrets) if secret.encode() in content], file.name


def test_a_delivered_table_goes_the_whole_way(
    front_end: FrontEnd, postgres_server: PostgresServer, request: pytest.FixtureRequest
) -> None:
    front_end.settings.landing.mkdir()
    front_end.sql(couples(1, 5))
    with front_end.opened() as (workspace, contract):
        first = run(workspace)
        spec = standard_spec(workspace.catalog, contract)
        assert first.ingested[SOURCE].rows == 5
        before = workspace.lake.engine.rows(workspace.lake.read(spec))
    flag = "UPDATE 民政.marriage SET \"操作标志\" = 'D', updated_at = '2026-07-03' WHERE cert_no = 'J000002'"
    front_end.sql(f"{flag}; {couples(6, 6)}")
    with front_end.opened() as (workspace, _):
        run(workspace)
        after = workspace.lake.engine.rows(workspace.lake.read(spec))
        entries = workspace.lake.engine.rows(workspace.lake.read(BATCHES))
    assert sorted(numbers(before)) == [1, 2, 3, 4, 5]
    assert sorted(numbers(after)) == [1, 3, 4, 5, 6]
    assert len(entries) == 2
