"""A real S3-compatible server for tests: versitygw over a folder, on a free loopback port."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest

VERSION = "v1.8.0"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "bin"
BUCKET = "huiliu"
KEY = "simulated-key"
SECRET = "simulated-secret-of-the-lake"
OTHER_SECRET = "another-simulated-secret"


def gateway() -> Path | None:
    """The server's binary: an installed one, the one built before, or one built now; None where there is no Go."""
    if installed := shutil.which("versitygw"):
        return Path(installed)
    built = CACHE / f"versitygw-{VERSION}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "versitygw.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes must not both spend minutes on it
        if not built.exists() and (go := shutil.which("go")):
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                package = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
                subprocess.run([go, "install", package], env={**os.environ, "GOBIN": folder}, check=True)
                (Path(folder) / "versitygw").replace(built)
    return built if built.exists() else None


@dataclass
class S3Server:
    """One server over `folder`; it may be stopped, and started again under another secret."""

    binary: Path
    folder: Path
    port: int
    secret: str = SECRET
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
        }

    def stored(self, place: str) -> Path:
        """Where the server keeps what lies at an `s3://` address."""
        return self.folder / place.removeprefix("s3://")

    def start(self, secret: str = SECRET) -> None:
        (self.folder / BUCKET).mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [
            self.binary,
            "--port",
            f"127.0.0.1:{self.port}",
            "--region",
            "us-east-1",
            "--quiet",
        ]
        access = {**os.environ, "ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": secret}
        self._process = subprocess.Popen(
            [*command, "posix", self.folder], env=access, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"versitygw did not answer on port {self.port}; is it the right version ({VERSION})?")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def restart(self, secret: str = SECRET) -> None:
        self.stop()
        self.start(secret)


def without_secrets(line: str) -> bool:
    return not any(secret in line for secret in (KEY, SECRET, OTHER_SECRET, "Signature=", "StringToSign"))


@pytest.fixture(scope="session")
def s3_binary() -> Path:
    binary = gateway()
    if binary is None:
        missing = "no S3 server for tests: install Go 1.25 or newer (or versitygw itself), so that it can be built"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return binary


@pytest.fixture(scope="module")
def s3_server(s3_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server of the module's own; the environment names it and holds its credentials meanwhile."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = S3Server(s3_binary, tmp_path_factory.mktemp("s3"), port)
    server.start()
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, cleared | server.environment, clear=True):
        yield server
    server.stop()


@pytest.fixture
def fallible_server(s3_server: S3Server) -> Iterator[S3Server]:
    """The server, which a test may stop or give another secret; afterwards it is as before."""
    yield s3_server
    s3_server.restart()
