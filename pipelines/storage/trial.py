"""A small file written into a lake's store and removed again: the proof that it answers, and takes what is written."""

from __future__ import annotations

import datetime
import tempfile
import uuid
from pathlib import Path

from pipelines.storage.refusals import explaining
from pipelines.storage.store import Store

NAME = "_trial"


def written_now(store: Store) -> datetime.datetime:
    """The store's own time (UTC) of a file that was written just now.

    Raises StoreError where a store on S3 refuses or does not answer, or no table can lie there, and OSError where a
    folder cannot be written. The folder of a lake that is still to be made is not made here: what counts then is the
    folder that it will be in.
    """
    store.check_place()
    if store.is_s3:
        return _on_s3(store)
    with tempfile.NamedTemporaryFile(dir=nearest_folder(store.path), prefix=NAME) as file:
        return datetime.datetime.fromtimestamp(Path(file.name).stat().st_mtime, datetime.UTC)


def nearest_folder(path: Path) -> Path:
    """The folder itself, or the innermost one on its way that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _on_s3(store: Store) -> datetime.datetime:
    import obstore

    name = f"{NAME}/{uuid.uuid4().hex}"
    with explaining(store):
        obstore.put(store.objects, name, b"")
        try:
            return obstore.head(store.objects, name)["last_modified"]
        finally:
            obstore.delete(store.objects, name)
