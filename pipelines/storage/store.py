"""Where a lake lies: a folder of this machine, or a prefix of an S3 bucket.

An S3 store is found and opened by the standard environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
`AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`), `AWS_REGION` (or `AWS_DEFAULT_REGION`).
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipelines.errors import StoreError
from pipelines.storage.durable import make_folder, sync, sync_folders
from pipelines.storage.scratch import Scratch

if TYPE_CHECKING:
    from obstore.store import S3Store

S3 = "s3://"
FILE = "file://"
LOG = "_delta_log"
# delta-rs writes a log where such a path would be once decoded, which is elsewhere, or takes it for no path at all.
MISREAD = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]^|\\\x00-\x1f]")
# A store that is gone must be told within seconds, and one that stumbles must not end a run of hours.
RETRIES, RETRY_SECONDS = 5, 30
CONNECT, REQUEST = "5s", "60s"


@dataclass(frozen=True)
class Store:
    """A lake's place: an absolute path, or `s3://bucket/prefix`."""

    root: str

    @classmethod
    def at(cls, place: Store | Path | str) -> Store:
        """The store at a path or an `s3://` address; raises ValueError where it is neither."""
        if isinstance(place, Store):
            return place
        text = str(place)
        if text.startswith(S3):
            if not urlsplit(text).netloc:
                raise ValueError("an S3 lake needs a bucket: write s3://BUCKET/PREFIX")
            return cls(text.rstrip("/"))
        if "://" in text:
            scheme = text.partition("://")[0]
            raise ValueError(f"a lake cannot lie on {scheme}://: write a folder, or s3://BUCKET/PREFIX")
        try:  # by a link, or by another way through folders, it is the same lake: there is one lease for it
            return cls(str(Path(text).resolve()))
        except RuntimeError:
            raise ValueError(f"{text} is a link that leads in a circle: write the folder itself") from None

    def __str__(self) -> str:
        return self.root

    @property
    def is_s3(self) -> bool:
        return self.root.startswith(S3)

    @property
    def bucket(self) -> str:
        return urlsplit(self.root).netloc

    @property
    def path(self) -> Path:
        """The folder of a lake that lies on this machine."""
        if self.is_s3:
            raise ValueError(f"{self.root} is no folder of this machine")
        return Path(self.root)

    def check_place(self) -> None:
        """Raises StoreError where no table could be written: not every name of a folder will do."""
        place = self.root if self.is_s3 else os.path.realpath(self.root)
        if not self.is_s3 and (found := MISREAD.search(place)):
            raise StoreError(
                f"no table can be written under {place}: delta-rs, which writes them, misreads {found.group()!r} in a "
                "path",
                "rename that folder, or say with HUILIU_LAKE or --lake where else the lake may lie",
                2,
            )

    def uri(self, name: str) -> str:
        """The full place of something in the lake, as delta-rs and DuckDB want it."""
        return f"{self.root}/{name}"

    def url(self, name: str) -> str:
        """The same place as a URL: what Arrow and Spark want, which take a bare path for one of their own defaults."""
        return as_url(self.uri(name))

    @contextmanager
    def part(self, name: str) -> Iterator[Path]:
        """Where a file is written on this machine before `keep` takes it; gone afterwards."""
        if self.is_s3:
            with Scratch() as folder:
                yield Path(folder) / name.rpartition("/")[2]
            return
        part = self.path / f"{name}.part"
        make_folder(part.parent)
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def keep(self, part: Path, name: str) -> Path:
        """Take a written part into the lake: it is there whole, or not at all, after a power cut too.

        Where it can be read on this machine.
        """
        if not self.is_s3:
            sync(part)
            kept = part.replace(self.path / name)
            sync_folders([kept.parent], self.path)
            return kept
        import obstore

        obstore.put(self.objects, name, part)
        return part

    def tables(self) -> list[str]:
        """The places of all Delta tables in the lake, in order."""
        return sorted(_tables_under(self.path) if not self.is_s3 else self._tables_on_s3(""))

    def _tables_on_s3(self, folder: str) -> Iterator[str]:
        import obstore

        inside = [
            prefix.rstrip("/")
            for prefix in obstore.list_with_delimiter(self.objects, folder or None)["common_prefixes"]
        ]
        if f"{folder}/{LOG}" in inside:
            yield folder
            return
        for entry in inside:
            if not entry.rpartition("/")[2].startswith("_"):
                yield from self._tables_on_s3(entry)

    def remove(self, table: str) -> None:
        """Remove a table and its files, and what is left of it where that was begun before and did not end."""
        if not self.is_s3:
            place = self.path / table
            hidden = place.with_name(f"_{place.name}")  # a name by which it is none of the tables any more
            if place.exists():
                place.rename(hidden)
            shutil.rmtree(hidden, ignore_errors=True)
            with suppress(OSError):  # the folders that it lay in, where nothing else does
                place.parent.rmdir()
                place.parent.parent.rmdir()
            return
        import obstore

        for folder in (f"{table}/{LOG}", table):
            found = obstore.list(self.objects, folder).collect()
            obstore.delete(self.objects, [entry["path"] for entry in found])

    def has(self, name: str) -> bool:
        """Whether a file is in the lake."""
        if not self.is_s3:
            return (self.path / name).exists()
        import obstore

        try:
            obstore.head(self.objects, name)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def kept(self, name: str) -> Iterator[Path]:
        """A file of the lake, to be read on this machine; raises FileNotFoundError where it is not there."""
        if not self.is_s3:
            if not (path := self.path / name).is_file():
                raise FileNotFoundError(name)
            yield path
            return
        import obstore

        with self.part(name) as part, part.open("wb") as written:
            for chunk in obstore.get(self.objects, name).stream():
                written.write(chunk)
            written.flush()
            yield part

    def claim(self, name: str, content: bytes) -> bytes:
        """Write a small file unless it is there; what it holds then, by whoever was first."""
        import obstore

        try:
            obstore.put(self.objects, name, content, mode="create")
        except obstore.exceptions.AlreadyExistsError:
            return bytes(obstore.get(self.objects, name).bytes())
        return content

    @cached_property
    def objects(self) -> S3Store:
        from obstore.store import S3Store

        access = s3_access()
        return S3Store(
            self.bucket,
            prefix=urlsplit(self.root).path.strip("/") or None,
            region=access.region,
            endpoint=access.url,
            client_options={"allow_http": not access.tls, "connect_timeout": CONNECT, "timeout": REQUEST},
            retry_config={"max_retries": RETRIES, "retry_timeout": datetime.timedelta(seconds=RETRY_SECONDS)},
        )


def _tables_under(root: Path) -> Iterator[str]:
    for folder, folders, _ in os.walk(root):
        if LOG in folders:
            yield Path(folder).relative_to(root).as_posix()
            folders.clear()
        folders[:] = [name for name in folders if not name.startswith("_")]


@dataclass(frozen=True)
class S3Access:
    """How an S3 store is reached. `endpoint` is a host, with a port where it has one; None is Amazon's own."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    region: str
    endpoint: str | None
    tls: bool

    @property
    def url(self) -> str | None:
        return f"{'https' if self.tls else 'http'}://{self.endpoint}" if self.endpoint else None


def s3_access(environment: Mapping[str, str] | None = None) -> S3Access:
    """What the environment says; raises StoreError where there are no credentials or the endpoint is no URL."""
    variables = os.environ if environment is None else environment
    key, secret = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        absent = " and ".join(
            name for name, value in (("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)) if not value
        )
        raise StoreError(f"the lake lies on S3, and {absent} not set", "set it in the environment", 2)
    url = variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL") or None
    place = urlsplit(url or "https://")
    if place.scheme not in ("http", "https") or (url and not place.netloc):
        raise StoreError("AWS_ENDPOINT_URL is no address", "write it as https://HOST or http://HOST:PORT", 2)
    return S3Access(
        key=key,
        secret=secret,
        token=variables.get("AWS_SESSION_TOKEN") or None,
        region=variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or "us-east-1",
        endpoint=place.netloc or None,
        tls=place.scheme == "https",
    )


def storage_options(uri: str) -> dict[str, str]:
    """Options of delta-rs for a table at `uri`; it takes the credentials from the environment itself."""
    if not uri.startswith(S3):
        return {}
    access = s3_access()
    options = {
        "max_retries": str(RETRIES),
        "retry_timeout": f"{RETRY_SECONDS}s",
        "connect_timeout": CONNECT,
        "timeout": REQUEST,
        "aws_region": access.region,
        "allow_http": str(not access.tls).lower(),
        # A commit is a put that fails where the file is there: two writers never overwrite each other's.
        "aws_conditional_put": "etag",
        "aws_s3_allow_unsafe_rename": "false",
    }
    return options | ({"aws_endpoint": access.url} if access.url else {})


def as_url(uri: str) -> str:
    """A place as a URL. DuckDB's Delta reader wants one too: a percent sign in a bare path begins an escape to it."""
    return uri if uri.startswith(S3) else Path(uri).as_uri()


def spark_uri(uri: str) -> str:
    """A place or a URL as Spark writes it: Hadoop's connector is called s3a, and a percent sign is what it is."""
    if uri.startswith(S3):
        return f"s3a://{uri.removeprefix(S3)}"
    return unquote(uri) if uri.startswith(FILE) else uri
