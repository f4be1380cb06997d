"""A real PostgreSQL server for tests, from its Debian package: own data in a temporary folder, a free loopback port."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

OWNER, READER = "agency", "huiliu_reader"
# Characters that an address must write otherwise, so that nothing hides a wrong way of quoting.
PASSWORDS = {OWNER: "simulated-owner", READER: "simulated:p@ss/w%rd'#1"}
DATABASE = "exchange"
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "postgresql")


def server_programs() -> Path | None:
    """The folder of initdb and pg_ctl, installing the Debian package where this account may; None without."""
    if found := _installed():
        return found
    if os.geteuid() == 0 and shutil.which(INSTALL[0]):
        subprocess.run(INSTALL, capture_output=True, check=False, timeout=600)
    return _installed()


def _installed() -> Path | None:
    by_version = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda binary: float(binary.parts[-3]))
    return by_version[-1].parent if by_version else None


@dataclass(frozen=True)
class PostgresServer:
    """A server with one database, which `OWNER` owns and `READER` may connect to."""

    programs: Path
    folder: Path
    port: int

    def url(self, user: str = READER, password: str | None = None, database: str = DATABASE) -> str:
        secret = quote(PASSWORDS[user] if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def sql(self, statements: str, database: str = DATABASE) -> str:
        """Run statements as the owner; what they print, unaligned and without headers."""
        done = subprocess.run(
            self._psql(database), input=statements, env=self._owner(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def session(self) -> PostgresSession:
        return PostgresSession(
            subprocess.Popen(
                self._psql(DATABASE), env=self._owner(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", settings)

    def stop(self) -> None:
        self._control("stop", "-m", "immediate", "-w")

    def restart(self) -> None:
        """Pull the plug and start again: open connections break off, what was committed is there."""
        self.stop()
        self.start()

    def wait_for(self, query: str, wanted: str, seconds: float = 240) -> None:
        """Wait until a query answers as wanted."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.sql(query) == wanted:
                return
            time.sleep(0.05)
        raise AssertionError(f"still {self.sql(query)} and not {wanted} after {seconds} s: {query}")

    def _psql(self, database: str) -> list[str]:
        who = ["-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER, "-d", database]
        return [str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *who]

    def _owner(self) -> dict[str, str]:
        return {**os.environ, "PGPASSWORD": PASSWORDS[OWNER], "PGCLIENTENCODING": "UTF8"}

    def _control(self, *arguments: str) -> None:
        command = [str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(_as_its_user(command), check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120)


@dataclass
class PostgresSession:
    """A transaction held open beside what is tested."""

    process: subprocess.Popen[str]

    def run(self, statements: str) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{statements}\n\\echo done\n")
        self.process.stdin.flush()
        while self.process.stdout.readline().strip() != "done":
            assert self.process.poll() is None, "the session has ended"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def _as_its_user(command: list[str]) -> list[str]:
    """The server refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _initialised(programs: Path, folder: Path) -> None:
    password = folder / "password"
    password.write_text(PASSWORDS[OWNER], encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, password):
            shutil.chown(path, "postgres")
    made = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", OWNER, f"--pwfile={password}"]
    made += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(_as_its_user(made), check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Skips where there is no PostgreSQL and none can be installed; in CI that is a failure."""
    programs = server_programs()
    if programs is None:
        reason = f"needs PostgreSQL: {' '.join(INSTALL)} (as root, not as {getpass.getuser()})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="huiliu-postgres-"))
    server = PostgresServer(programs, folder, _free_port())
    try:
        _initialised(programs, folder)
        server.start()
        password = PASSWORDS[READER].replace("'", "''")
        server.sql(f"CREATE ROLE {READER} LOGIN PASSWORD '{password}'", "postgres")
        server.sql(f"CREATE DATABASE {DATABASE}", "postgres")
        # Nothing is open to everyone: what the reader may do, a test must have granted.
        server.sql(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC")
        server.sql(f"GRANT CONNECT ON DATABASE {DATABASE} TO {READER}")
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
