"""The real server in a process of its own, and agencies that push to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from pipelines.database.address import database_of
from pipelines.database.connection import Database
from pipelines.database.tokens import Tokens
from pipelines.settings import Settings
from tests.support.deliveries import Row, json_lines, name_of, person_id
from tests.support.place import HUILIU, PROJECT
from tests.support.postgres_server import OWNER, PostgresServer

SOURCE, AGENCY = "death_registration", "health"
TOKEN_KEY = "simulated-key-of-more-than-32-characters"
JSON, JSON_LINES = "application/json", "application/x-ndjson"


def death(number: int, **cells: Any) -> dict[str, Any]:
    """The registration of a death, in the columns that the source requires and two more."""
    return {
        "死亡证编号": f"D{number:06d}",
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "死亡日期": "2026-02-01",
        "死亡地点": "家中",
        "更新时间": "2026-03-01 08:00:00",
        **cells,
    }


@dataclass(frozen=True)
class Answer:
    """What a client reads; `error` and `row` are those of a refusal."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> tuple[int, str, int | None]:
        assert set(self.body) == {"error", "row", "reason", "todo"}
        assert self.body["reason"]
        assert self.body["todo"]
        return self.status, self.body["error"], self.body["row"]


@dataclass
class Pushed:
    """A folder with landing, lake and database, and the server that serves it while one runs."""

    folder: Path
    project: Path = PROJECT
    db: str | None = None
    limits: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    address: str = ""

    @property
    def settings(self) -> Settings:
        own: dict[str, Any] = {"db": self.db} if self.db else {}
        return Settings(
            project=self.project,
            landing=self.folder / "landing",
            lake=self.folder / "lake",
            token_key=TOKEN_KEY,
            **own,
            **self.limits,
        )

    def start(self, port: int = 0) -> None:
        surroundings = {
            **os.environ,
            "HUILIU_PROJECT": str(self.project),
            "HUILIU_TOKEN_KEY": TOKEN_KEY,
            **({"HUILIU_DB": self.db} if self.db else {}),
            **{f"HUILIU_{name.upper()}": str(limit) for name, limit in self.limits.items()},
        }
        self.process = subprocess.Popen(
            [
                HUILIU,
                "serve",
                "--port",
                str(port),
                "--lake",
                self.folder / "lake",
                "--landing",
                self.folder / "landing",
            ],
            env=surroundings,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "log").open("a"),
            text=True,
        )
        assert self.process.stdout
        self.address = urlsplit(self.process.stdout.readline().split("/ingest")[0]).netloc
        assert self.address, self.log

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """As a power cut ends it."""
        self.end(signal.SIGKILL)

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        assert self.process
        self.process.send_signal(by)
        code = self.process.wait(timeout=120)
        assert self.process.stdout
        self.process.stdout.close()
        self.process = None
        return code

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def token(self, agency: str = AGENCY, days: int = 1) -> str:
        with Database.of(self.settings) as database:
            tokens = Tokens(database, self.settings)
            database.upgrade()
            return tokens.issue(agency, days)

    def push(
        self,
        body: Any,
        key: str | None = None,
        *,
        token: str | None,
        source: str = SOURCE,
        content_type: str = JSON,
        **headers: str,
    ) -> Answer:
        """Push bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        sent = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        sent |= {"Idempotency-Key": key} if key else {}
        return self.ask("POST", f"/ingest/{source}", content, sent)

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.address, timeout=120)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), json.loads(answer.read()))
        finally:
            connection.close()

    def landed(self, source: str = SOURCE) -> list[dict[str, Any]]:
        """Every row in the landing folder, file by file; what is still being written is not looked at."""
        files = sorted((self.settings.landing / source).glob("push-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    def change(self, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> None:
        """Set what stands in a table of the service."""
        engine = sa.create_engine(database_of(self.settings), poolclass=sa.NullPool)
        with engine.begin() as connection:
            assert connection.execute(sa.update(table).where(where).values(**values)).rowcount


def numbers(rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(row["死亡证编号"] for row in rows)


def lines_of(rows: Sequence[Row]) -> bytes:
    return json_lines(rows).encode()


# Of a fixture: both kinds that `HUILIU_DB` may be.
EITHER_DATABASE = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@contextmanager
def in_its_database(folder: Path, request: pytest.FixtureRequest, name: str) -> Iterator[Pushed]:
    """A place with an empty database of the kind that the fixture was asked for, on PostgreSQL one called `name`."""
    if request.param == "sqlite":
        yield Pushed(folder)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.sql(f"CREATE DATABASE {name}", "postgres")
    try:
        yield Pushed(folder, db=server.url(OWNER, database=name))
    finally:
        server.sql(f"DROP DATABASE {name} WITH (FORCE)", "postgres")
