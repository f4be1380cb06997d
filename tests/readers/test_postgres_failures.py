"""A front-end database that cannot be read: what people are told, that no secret is, and that raw stays whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from dagster_project.definitions import build_definitions
from pipelines.declarations.reading import DeclarationError
from pipelines.operations.checking import Check
from pipelines.operations.doctor import examine
from pipelines.project.workspace import open_project
from pipelines.readers import Problem
from pipelines.steps.plan import plan
from tests.support.front_end import CONNECTION, CONTRACT, SOURCE, VARIABLE, FrontEnd, couples, numbers, once
from tests.support.postgres_server import DATABASE, OWNER, PASSWORDS, READER, PostgresServer

pytestmark = pytest.mark.postgres

WAITING_READERS = (
    "SELECT count(DISTINCT pid) >= 2 FROM pg_stat_activity "
    f"WHERE usename = '{READER}' AND wait_event_type = 'Lock' AND wait_event = 'advisory'"
)
# A row-level rule that lets rows pass freely, but for one that waits as long as the agency holds a lock.
HALTING = f"""
    CREATE FUNCTION 民政.passes(number text) RETURNS boolean VOLATILE PARALLEL SAFE LANGUAGE plpgsql AS $$
    BEGIN
        IF number IN ('J000650', 'J000950') THEN
            PERFORM pg_advisory_lock_shared(42);
            PERFORM pg_advisory_unlock_shared(42);
        END IF;
        RETURN true;
    END $$;
    GRANT EXECUTE ON FUNCTION 民政.passes TO {READER};
    CREATE POLICY halting ON 民政.marriage TO {READER} USING (民政.passes(cert_no));
    ALTER TABLE 民政.marriage ENABLE ROW LEVEL SECURITY;
"""


def problem_of(front_end: FrontEnd) -> Problem:
    """The one problem of a reading that must fail; nothing of it is in the lake, and nothing secret in its words."""
    done = front_end.ingest()
    assert (done.new, done.rows, len(done.problems)) == (0, 0, 1)
    (problem,) = done.problems
    assert problem.file == "民政.marriage"
    secrets = [PASSWORDS[READER], PASSWORDS[OWNER], READER, DATABASE, "127.0.0.1", str(front_end.server.port)]
    assert not [place for place, secret in enumerate(secrets) if secret in str(problem)]
    return problem


def test_a_restart_in_the_middle_of_a_reading(
    front_end: FrontEnd, at_reading: Callable[[Callable[[], object]], None], in_parts: None
) -> None:
    front_end.sql(couples(1, 1_200) + HALTING)
    front_end.contract("watermark: updated_at", "watermark: updated_at, readers: 2")
    holder, waited = front_end.server.session(), []

    def pull_the_plug() -> None:
        try:
            front_end.server.wait_for(WAITING_READERS, "t")
            waited.append("two readers, each in the middle of its rows")
        finally:
            front_end.server.restart()

    def halt() -> None:
        holder.run("SELECT pg_advisory_lock(42);")
        plug.start()

    plug = threading.Thread(target=pull_the_plug)
    at_reading(halt)
    try:
        problem = problem_of(front_end)
        plug.join()
    finally:
        holder.close()
    assert waited
    assert "the server ended the connection in the middle of the reading" in problem.what
    assert "run again once the server is up; nothing of this reading was kept" in problem.todo
    assert (front_end.raw(), front_end.batches()) == ([], [])
    assert front_end.ingest().rows == 1_200
    assert numbers(front_end.raw()) == list(range(1, 1_201))


def test_a_server_that_is_gone_when_the_reading_begins(
    front_end: FrontEnd, at_reading: Callable[[Callable[[], object]], None]
) -> None:
    front_end.sql(couples(1, 10))
    at_reading(front_end.server.stop)
    try:
        problem = problem_of(front_end)
    finally:
        front_end.server.start()
    assert "the server ended the connection" in problem.what
    assert front_end.ingest().rows == 10


@dataclass(frozen=True)
class Fault:
    """What is wrong: statements of the agency, the contract's table, or the address; and what people are told."""

    what: str
    todo: str
    sql: str = ""
    table: str = "name: 民政.marriage, watermark: updated_at"
    url: Callable[[PostgresServer], str | None] = PostgresServer.url
    column: str | None = None


def without(url: str | None) -> Callable[[PostgresServer], str | None]:
    return lambda _: url


FAULTS = {
    "wrong password": Fault(
        "does not accept the user or the password",
        f"correct them in {VARIABLE}",
        url=lambda server: server.url(password="wrong"),
    ),
    "unknown user": Fault(
        "does not accept the user or the password",
        f"correct them in {VARIABLE}",
        url=lambda server: server.url().replace(READER, "nobody"),
    ),
    "no such database": Fault(
        "has no such database", f"correct the database and the user in {VARIABLE}",
        url=lambda server: server.url(database="elsewhere"),
    ),
    "unreachable": Fault(
        "cannot be reached", f"host and port in {VARIABLE}", url=without("postgresql://a:b@127.0.0.1:1/c")
    ),
    "no such host": Fault(
        "cannot be reached", f"host and port in {VARIABLE}", url=without("postgresql://a:b@front-end.invalid/c")
    ),
    "not set": Fault(f"{VARIABLE} is not set", f"set {VARIABLE} to postgresql://USER", url=without(None)),
    "no address": Fault("is no address of a database", "postgresql://USER", url=without("host=secret-host user=a")),
    "a password that is not escaped": Fault(
        "is no address of a database", "%25 %3A %2F %40 %23", url=without("postgresql://a:b#c@127.0.0.1/d")
    ),
    "unknown option": Fault(
        "options that are not known: target", "sslmode", url=lambda server: f"{server.url()}?target=any"
    ),
    "may not connect": Fault(
        "the role may not connect to the database", "GRANT CONNECT",
        sql=f"REVOKE CONNECT ON DATABASE {DATABASE} FROM {READER}",
    ),
    "may not enter": Fault(
        'the role has no right USAGE ON SCHEMA "民政"', 'GRANT USAGE ON SCHEMA "民政"',
        sql=f"REVOKE USAGE ON SCHEMA 民政 FROM {READER}",
    ),
    "may not read": Fault(
        'the role has no right SELECT ON "民政"."marriage"', 'ask the agency for GRANT SELECT ON "民政"."marriage"',
        sql=f"REVOKE SELECT ON 民政.marriage FROM {READER}",
    ),
    "no table": Fault(
        "the database has no table 民政.marriage", "correct `name`", sql="ALTER TABLE 民政.marriage RENAME TO other"
    ),
    "no watermark column": Fault(
        "no column changed_at to be its watermark; it has cert_no, 登记日期, 备注", "correct `watermark`",
        table="name: 民政.marriage, watermark: changed_at",
    ),
    "a watermark of text": Fault(
        "the watermark cert_no is a text", "name a column of type timestamptz",
        table="name: 民政.marriage, watermark: cert_no",
    ),
    "a lag of another kind": Fault(
        "the watermark updated_at is a timestamptz, and the lag 100", "such as `10 min`",
        table="name: 民政.marriage, watermark: updated_at, lag: 100",
    ),
    "a required column is missing": Fault(
        "the required columns cert_no are missing; the header is number | 登记日期", "name the columns as the contract",
        sql="ALTER TABLE 民政.marriage RENAME cert_no TO number", column="cert_no",
    ),
    "two columns for one": Fault(
        "the columns 备注 and remark both stand for remark", "keep one of them",
        sql="ALTER TABLE 民政.marriage ADD remark text", column="remark",
    ),
    "a query fails": Fault(
        "the server answered a query with an error", "read the server's log",
        sql="ALTER TABLE 民政.marriage RENAME TO plain; CREATE VIEW 民政.marriage AS SELECT cert_no, \"登记日期\", "
        "('not ' || cert_no)::timestamptz AS updated_at FROM 民政.plain; "
        f"GRANT SELECT ON 民政.marriage TO {READER}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
@once
def test_what_keeps_a_table_from_being_read(front_end: FrontEnd, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    front_end.sql(couples(1, 3))
    front_end.sql(fault.sql)
    front_end.table(fault.table)
    address = fault.url(front_end.server)
    if address is None:
        monkeypatch.delenv(VARIABLE)
    else:
        monkeypatch.setenv(VARIABLE, address)
    try:
        problem = problem_of(front_end)
    finally:
        front_end.sql(f"GRANT CONNECT ON DATABASE {DATABASE} TO {READER}")
    assert fault.what in problem.what
    assert fault.todo in problem.todo
    assert "huiliu check" not in problem.todo, "a table cannot be tried like a file"
    assert problem.column == fault.column
    assert (front_end.raw(), front_end.batches()) == ([], [])


def test_a_cell_that_cannot_be_computed_keeps_the_reading_out(front_end: FrontEnd) -> None:
    front_end.sql(couples(1, 3) + f"""
        CREATE VIEW 民政.broken AS SELECT *, 1 / (3 - right(cert_no, 1)::int) AS share FROM 民政.marriage;
        GRANT SELECT ON 民政.broken TO {READER};
    """)  # fmt: skip
    front_end.table("name: 民政.broken, watermark: updated_at")
    done = front_end.ingest()
    assert [problem.what for problem in done.problems] == ["the server answered a query with an error"]
    assert (front_end.raw(), front_end.batches()) == ([], [])


@once
def test_a_file_beside_a_table_is_left_and_told(front_end: FrontEnd) -> None:
    file = front_end.settings.landing / SOURCE / "婚姻.csv"
    file.parent.mkdir(parents=True)
    file.write_text("cert_no,登记日期\nJ000007,2026-01-01\n", encoding="utf-8")
    front_end.sql(couples(1, 2))
    done = front_end.ingest()
    assert [problem.file for problem in done.problems] == ["婚姻.csv"]
    assert "come from the table 民政.marriage" in done.problems[0].what
    assert (done.rows, numbers(front_end.raw())) == (2, [1, 2])


@once
def test_a_contract_with_a_table_is_planned_and_shown_without_its_server(
    front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    tasks = plan(open_project(front_end.settings))
    assert ("ingest", SOURCE) in {(task.step, task.name) for task in tasks}
    defs = build_definitions(front_end.settings)
    shown = {"/".join(spec.key.path) for spec in defs.resolve_all_asset_specs()}
    assert {f"raw/{SOURCE}", f"standard/{SOURCE}"} <= shown


WRONG = {
    "no schema": ("name: 民政.marriage", "name: marriage", "`table.name`: write schema and table"),
    "connection": (f"connection: {CONNECTION}", "connection: 民政", "`table.connection`"),
    "no watermark": (", watermark: updated_at", "", "`table.watermark` is missing"),
    "lag": ("watermark: updated_at", "watermark: updated_at, lag: soon", "`table.lag`: write a time such as `10 s`"),
    "readers": ("watermark: updated_at", "watermark: updated_at, readers: 0", "`table.readers`"),
    "password": ("watermark: updated_at", "watermark: updated_at, password: x", "unknown field `password`"),
}


@pytest.mark.parametrize("name", WRONG)
@once
def test_a_wrong_declaration_is_told_with_its_line(front_end: FrontEnd, name: str) -> None:
    old, new, says = WRONG[name]
    front_end.contract(old, new)
    with pytest.raises(DeclarationError) as error:
        front_end.ingest()
    assert says in error.value.problem
    assert error.value.line == CONTRACT[: CONTRACT.index("table:")].count("\n") + 1


def test_doctor_tries_the_connection_that_a_contract_names(
    front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> Check:
        return next(check for check in examine(front_end.settings) if check.name == f"source {CONNECTION}")

    assert check().state == "good"
    monkeypatch.setenv(VARIABLE, front_end.server.url(password="wrong"))
    refused = check()
    assert refused.state == "bad"
    assert "does not accept the user or the password" in refused.found
    monkeypatch.delenv(VARIABLE)
    assert check().found == f"{VARIABLE} is not set in the environment"
