"""JSONL: one object per line; keys are headers, and a line that is no object is kept as it stands."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declarations.contract import Contract
from pipelines.readers import encoding, json_lines, mixing
from pipelines.readers import header as headers
from pipelines.readers.cells import Column, assemble, json_objects
from pipelines.readers.csv_rows import count_undecodable
from pipelines.readers.delivery import BAD_BYTES, UNREADABLE, Delivery, Problem, UnreadableFile
from pipelines.readers.text import open_text

LONGEST = 4 * 1024 * 1024
_KEPT = 10_000
_CELLS = 4_000_000


class JsonLinesDelivery(Delivery):
    """A JSONL file; a row's number is its line's. Blank lines are skipped.

    `header` holds the keys of the first 4 MB, in the order in which they appear.
    """

    format = "jsonl"

    def __init__(self, path: Path, contract: Contract) -> None:
        declared = [header.encode() for header in (*contract.cells, *contract.aliases)]
        self.encoding, self._text = open_text(path, lambda line: sum(header in line for header in declared))
        self._connection = json_lines.json_connection()
        super().__init__(path, contract, [])
        self._known = headers.known_headers(contract)
        self._noted: set[str] = set()
        self._seen: set[str] = set()
        lines, numbers = next(self._lines(), (pa.array([], pa.string()), pa.array([], pa.int64())))
        self._check_is_lines(lines)
        self.header = self._shapes(lines, numbers).keys
        physical = {self._known[headers.same(key)] for key in self.header if headers.same(key) in self._known}
        if not self.header:
            raise UnreadableFile(
                Problem(
                    path.name,
                    "no line is a JSON object whose keys stand once and hold no NUL",
                    "write one object per line: {…}, newline, {…}",
                    row=1,
                    zh=("没有一行是键不重复、不含 NUL 的 JSON 对象", "请每行写一个对象：{…}，换行，{…}"),
                )
            )
        if missing := headers.missing_headers(physical, contract):
            raise headers.missing_columns(path.name, missing, self.header, contract)
        self._note_unknown(self.header)

    def _rows(self) -> Iterator[pa.RecordBatch]:
        self._text.restart()
        self._seen.clear()
        for lines, numbers in self._lines():
            yield from self._batch(lines, numbers)

    def _lines(self) -> Iterator[tuple[Column, Column]]:
        """Lines that are not blank, and their numbers."""
        first, rest = 1, b""
        for chunk in self._text:
            whole = rest + chunk
            end = max(whole.rfind(b"\n"), whole.rfind(b"\r", 0, -1)) + 1
            rest = whole[end:]
            if len(rest) > LONGEST:
                raise UnreadableFile(
                    Problem(
                        self.path.name,
                        f"this line is longer than {LONGEST // 1024 // 1024} MB: its line end is missing",
                        "write one object per line and export the file again",
                        row=first + _line_ends(whole[:end]),
                        zh=(f"此行超过 {LONGEST // 1024 // 1024} MB：缺少换行", "请每行写一个对象，再重新导出"),
                    )
                )
            if end:
                yield _numbered(whole[:end], first)
                first += _line_ends(whole[:end])
        if rest:
            yield _numbered(rest, first)

    def _check_is_lines(self, lines: Column) -> None:
        if len(lines) and _begins_array(str(lines[0])):
            what = "the file is one JSON array (it begins with a bracket), and not one object per line"
            todo = "write one object per line, without brackets around and commas between them: {…}, newline, {…}"
            zh = ("文件是一个 JSON 数组（以方括号开头），不是每行一个对象", "请每行写一个对象，不加外层方括号和逗号")
            raise UnreadableFile(Problem(self.path.name, what, todo, row=1, zh=zh))

    def _shapes(self, lines: Column, numbers: Column) -> Shapes:
        """Raises UnreadableFile in the row with which the file names more columns than any table has."""
        line_keys = json_lines.line_keys(self._connection, lines)
        shapes = Shapes(line_keys, self._known)
        if len(self._seen.union(shapes.keys)) > headers.MOST:
            for keys, row in zip(line_keys.to_pylist(), numbers.to_pylist(), strict=True):
                self._seen.update(json.loads(keys or "[]"))
                headers.check_number(self.path.name, len(self._seen), row)
        return shapes

    def _batch(self, lines: Column, numbers: Column) -> Iterator[pa.RecordBatch]:
        if not len(lines):
            return
        shapes = self._shapes(lines, numbers)
        if len(lines) > 1 and len(lines) * len(shapes.keys) > _CELLS:
            half = len(lines) // 2
            yield from self._batch(lines[:half], numbers[:half])
            yield from self._batch(lines[half:], numbers[half:])
            return
        self._seen.update(shapes.keys)
        marked = encoding.is_marked(lines, self.encoding) if self._text.bad else pa.repeat(False, len(lines))
        good = shapes.good
        damage = pc.if_else(marked, BAD_BYTES, pc.if_else(good, pa.scalar(None, pa.string()), pa.scalar(UNREADABLE)))
        undecodable = self._note_damage(lines, numbers, damage)
        self._note_unknown(shapes.keys)
        yield self._assembled(lines, numbers, good, damage, undecodable, shapes.keys)

    def _clean(self, columns: list[Column], damage: Column) -> list[Column]:
        """Without the marks of undecodable bytes, and with the characters of GB 18030-2022."""
        if self._text.bad:
            broken = pc.equal(damage, BAD_BYTES).fill_null(False)
            if self.encoding == "gb18030":
                columns = [encoding.with_euro(column, broken) for column in columns]
            columns = [encoding.unmarked(column) for column in columns]
        return [encoding.as_of_2022(column) for column in columns] if self._text.moved else columns

    def _assembled(
        self, lines: Column, numbers: Column, good: Column, damage: Column, undecodable: Column | None, keys: list[str]
    ) -> pa.RecordBatch:
        columns = json_lines.cells(self._connection, pc.if_else(good, lines, "{}"), keys) if keys else []
        columns = self._clean(columns, damage)
        by_name: dict[str, list[Column]] = defaultdict(list)
        unknown: dict[str, Column] = {}
        for key, column in zip(keys, columns, strict=True):
            if (name := self._known.get(headers.same(key))) is not None:
                by_name[name].append(column)
            else:
                unknown[key] = column
        if not pc.all(good).as_py():
            (kept,) = self._clean([pc.utf8_slice_codeunits(lines, 0, _KEPT)], damage)
            unknown["line"] = pc.coalesce(
                pc.if_else(good, pa.scalar(None, pa.string()), kept), *([unknown["line"]] if "line" in unknown else [])
            )
        extra = json_objects(list(unknown), list(unknown.values())) if unknown else None
        cells = {name: found[0] if len(found) == 1 else pc.coalesce(*found) for name, found in by_name.items()}
        return assemble(self.schema, numbers, cells, extra, damage, undecodable)

    def _note_damage(self, lines: Column, numbers: Column, damage: Column) -> Column | None:
        broken = pc.equal(damage, UNREADABLE).fill_null(False)
        if broken.true_count:
            self.count(
                "unreadable",
                numbers.filter(broken)[0].as_py(),
                broken.true_count,
                "the line is not one JSON object whose keys stand once and hold no NUL",
                "write one object per line and each key once, and export the file again",
                ("该行不是键不重复、不含 NUL 的 JSON 对象", "请每行写一个对象、每个键只写一次，再重新导出"),
            )
        bytes_lost = pc.equal(damage, BAD_BYTES).fill_null(False)
        if not bytes_lost.true_count:
            return None
        count_undecodable(self, numbers.filter(bytes_lost)[0].as_py(), bytes_lost.true_count, bool(self._text.mixed))
        places = np.flatnonzero(bytes_lost.to_numpy(zero_copy_only=False))
        kept = np.full(len(lines), None, object)
        texts = lines.take(pa.array(places)).to_pylist()
        kept[places] = [encoding.original(text, self.encoding or "utf-8").hex() for text in texts]
        return pa.array(kept, pa.string())

    def _note_unknown(self, keys: list[str]) -> None:
        fresh = [key for key in keys if headers.same(key) not in self._known and key not in self._noted]
        self._noted.update(fresh)
        headers.note_unknown(self, fresh)


def _numbered(content: bytes, first: int) -> tuple[Column, Column]:
    """Lines of whole lines of UTF-8, without their ends, and their numbers; blank lines are left out."""
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    starts = mixing.line_starts(content)
    lines = mixing.lines_of(content, starts).cast(pa.string())
    lines = pc.utf8_trim(lines, " \t\n")
    numbers = pa.array(np.arange(first, first + len(lines)), pa.int64())
    filled = pc.not_equal(lines, "")
    return lines.filter(filled), numbers.filter(filled)


def _line_ends(content: bytes) -> int:
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def _begins_array(line: str) -> bool:
    """Whether an array of rows begins with the line; one of anything else is a broken line among others."""
    if not line.startswith("["):
        return False
    try:
        rows = json.loads(line)
    except (ValueError, RecursionError):
        return True
    return not rows or isinstance(rows[0], dict)


class Shapes:
    """What the lines' keys are: few lists of keys, each of many lines.

    `good` flags lines that are an object in which no key stands twice or holds NUL, nor a header stands beside its
    alias; `keys` are the keys of good lines in the order in which they first appear.
    """

    def __init__(self, line_keys: Column, known: dict[str, str]) -> None:
        coded = line_keys.dictionary_encode()
        shapes = [json.loads(keys) for keys in coded.dictionary.to_pylist()]
        distinct = [_is_distinct(keys, known) for keys in shapes]
        self.good = pc.take(pa.array(distinct, pa.bool_()), coded.indices).fill_null(False)
        fine = (keys for keys, good in zip(shapes, distinct, strict=True) if good)
        self.keys: list[str] = list(dict.fromkeys(key for keys in fine for key in keys))


def _is_distinct(keys: list[str], known: dict[str, str]) -> bool:
    columns = [known.get(headers.same(key), key) for key in keys]
    return len(set(columns)) == len(columns) == len(set(keys)) and not any("\0" in key for key in keys)
