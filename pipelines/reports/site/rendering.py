"""Pages from templates: Jinja's environment with the report's filters, and files replaced only when they changed."""

from __future__ import annotations

import filecmp
import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jinja2

from pipelines.project import catalogue_entry
from pipelines.reports.site import words

TEMPLATES = Path(__file__).parent / "templates"
GENERATOR = '<meta name="generator" content="huiliu report">'


@functools.cache
def environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "number": words.number,
        "share": words.share,
        "brief": words.brief,
        "size": words.size,
        "minute": words.minute,
    }
    found.globals |= {
        "verdicts": words.VERDICTS,
        "updates": catalogue_entry.UPDATES,
        "sharing": catalogue_entry.SHARING,
        "severity": words.severity,
        "generator": GENERATOR,
    }
    return found


def render(template: str, path: Path, root: str, **shown: Any) -> Path:
    """Write a page. `root` is the way from the page back to the site's folder: `` or `../`."""
    text = environment().get_template(template).render(root=root, **shown)
    return replace(path, text)


def replace(path: Path, text: str) -> Path:
    """Put `text` in the place of what `path` holds, at once; a file that already holds it is left alone."""
    with replacing(path) as partial:
        partial.write_bytes(text.encode())
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what comes into the place of `path`, at once and only where it differs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    yield partial
    if path.exists() and filecmp.cmp(partial, path, shallow=False):
        partial.unlink()
    else:
        os.replace(partial, path)


def drop_others(folder: Path, written: set[Path]) -> None:
    """Remove pages of earlier reports that this one no longer has, and files of rows that no page offers any more."""
    for path in folder.glob("*.html"):
        if path in written or GENERATOR in path.read_text(encoding="utf-8", errors="replace"):
            for file in {path, *folder.glob(f"{path.stem}.*.csv")} - written:
                file.unlink()
