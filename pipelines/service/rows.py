"""A request's body as JSON lines: each row as it was sent, on one line, fit to be read under the source's contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from pipelines.declarations.contract import Contract
from pipelines.readers.header import MOST, known_headers, missing_headers, same
from pipelines.service.refusals import Refusal, bad_row

JSON, JSON_LINES = "application/json", ("application/x-ndjson", "application/jsonl")
LONGEST_ROW = 1_000_000  # bytes; the reader of JSON lines takes a file for broken where a line is longer than 4 MB
_BLANK = " \t\r\n"
_ONE_LINE = str.maketrans("\r\n", "  ")
_Row = tuple[int, Any, str]  # its number, its value, and how it was written


class Rows:
    """What a source's rows must look like to be accepted."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known = known_headers(contract)
        self._headers = {name: header for header, name in contract.cells.items()}
        self._key = {
            header: contract.cells[header] for header in (contract.column(name).header for name in contract.key)
        }

    def lines(self, body: bytes, content_type: str) -> list[bytes]:
        """The rows, each with its line end. Raises Refusal for the first that cannot be taken, or where there is none.

        Numbers keep their digits, strings their spelling: what stands between the braces is passed on as it is.
        """
        text = _text(body)
        shapes: dict[tuple[str, ...], dict[str, str]] = {}
        named: dict[str, str] = {}
        lines = []
        for number, row, written in _in_lines(text) if content_type in JSON_LINES else _in_array(text):
            if not isinstance(row, _Members):
                raise bad_row(
                    "not_an_object", number, "it is no JSON object", 'write each row as {"header": "cell", …}'
                )
            if len(row) > MOST:  # doubled ones too, before any of them is looked at
                raise _too_many_columns(number)
            keys = tuple(key for key, _ in row)
            if keys not in shapes:
                named |= {key: self._known.get(same(key), key) for key in keys if key not in named}
                if len(named) > MOST:
                    raise _too_many_columns(number)
                shapes[keys] = self._columns(number, {key: named[key] for key in keys}, keys)
            self._check_key(number, dict(row), shapes[keys])
            line = written.translate(_ONE_LINE).encode() + b"\n"
            if len(line) > LONGEST_ROW:
                reason = f"it is longer than {LONGEST_ROW:,} bytes"
                raise bad_row("row_too_long", number, reason, "leave out what no column of the contract is for")
            lines.append(line)
        if not lines:
            raise Refusal(400, "no_rows", "the body holds no rows", "send at least one row")
        return lines

    def _columns(self, number: int, named: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
        """Physical column → header as sent, of rows with these headers; raises Refusal where they do not fit.

        Every required column must be named: a file in which none of the first rows has one cannot be read, and the
        rows of other requests lie in the same file.
        """
        if any("\0" in key for key in keys):
            raise bad_row("bad_character", number, "a header holds the character NUL", "correct the header")
        names = [named[key] for key in keys]
        doubled, times = next(iter(Counter(names).most_common(1)), ("", 0))
        if times > 1:
            which = self._headers.get(doubled, "that the contract does not know")
            todo = "send each column once, under its header or one of its aliases"
            raise bad_row("doubled_column", number, f"a column stands in it twice: {which}", todo)
        columns = dict(zip(names, keys, strict=True))
        for header in missing_headers(set(columns), self._contract):
            raise self._missing(number, header)
        return columns

    def _check_key(self, number: int, cells: dict[str, Any], columns: dict[str, str]) -> None:
        for header, name in self._key.items():
            if cells[columns[name]] is None:
                raise self._missing(number, header)

    def _missing(self, number: int, header: str) -> Refusal:
        aliases = [alias for alias, stands_for in self._contract.aliases.items() if stands_for == header]
        named = f"{header} (or {', '.join(aliases)})" if aliases else header
        why = "it is the key" if header in self._key else "null where it is unknown"
        return bad_row("missing_column", number, f"the required column {header} is missing", f"send {named}; {why}")


class _Members(list[tuple[str, Any]]):
    """An object's members as they stand, doubled keys included."""


def _too_many_columns(number: int) -> Refusal:
    reason = f"with it, the rows name more than {MOST:,} columns"
    todo = "send what differs from row to row as cells, and not as names of columns"
    return bad_row("too_many_columns", number, reason, todo)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"the body is not UTF-8 (byte {error.start + 1})"
        raise Refusal(400, "not_utf8", reason, "write the body in UTF-8") from None


def _in_array(text: str) -> Iterator[_Row]:
    """The rows of one array, or one object alone."""
    at = _after_blanks(text, 0)
    if not text.startswith("[", at):
        if at < len(text):
            yield (reader := _Reader(text, at, 1)).row
            _check_end(text, reader.end, 1)
        return
    number, at = 0, _after_blanks(text, at + 1)
    while not text.startswith("]", at):
        number += 1
        yield (reader := _Reader(text, at, number)).row
        at = _after_blanks(text, reader.end)
        if text.startswith(",", at):
            at = _after_blanks(text, at + 1)
            if text.startswith("]", at):
                raise _broken(number + 1)
        elif not text.startswith("]", at):
            raise _broken(number)
    _check_end(text, at + 1, number)


def _in_lines(text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        at = _after_blanks(line, 0)
        if at < len(line):
            yield (reader := _Reader(line, at, number)).row
            _check_end(line, reader.end, number)


class _Reader:
    """One JSON value read from a text: its row, and where it ends."""

    def __init__(self, text: str, at: int, number: int) -> None:
        try:
            value, self.end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):  # their texts quote the body
            raise _broken(number) from None
        written = text[at : self.end]
        # A surrogate stands for half a character, and only an escape can write it: no engine reads one alone.
        if "\\u" in written and not _is_text(value):
            raise bad_row(
                "bad_character", number, "it holds half a character (\\uD800 to \\uDFFF)", "write both halves"
            )
        self.row: _Row = (number, value, written)


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _check_end(text: str, at: int, number: int) -> None:
    if _after_blanks(text, at) < len(text):
        raise _broken(number)


def _broken(number: int) -> Refusal:
    todo = "check the body with a JSON parser; JSON lines are sent as application/x-ndjson"
    return bad_row("broken_json", number, "it is not valid JSON", todo)


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, list | tuple) or all(_is_text(part) for part in value)


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


# Numbers stay text: only how they are written is passed on.
_DECODER = json.JSONDecoder(object_pairs_hook=_Members, parse_int=str, parse_float=str, parse_constant=_no_number)
