"""SQL of expressions, kept from one process to the next: to compile one takes longer than to run it over few rows.

What is kept is found by all that an expression says and by the versions of what compiles it, never by where it comes
from: a changed declaration, model or element is another expression. It may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import hashlib
import os
import re
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot
from ibis.common.graph import Graph
from ibis.expr.datashape import DataShape
from ibis.expr.operations.udf import ScalarUDF

# Names that an engine gives by counting: the same expression is over others in each process. No column is called so.
COUNTED = "__table_"
_COUNTED = re.compile(rf'"({COUNTED}\d+)"')
_PLACE = re.compile("\0(\\d+)\0")
SMALLEST = 40  # operations; what has fewer is compiled as soon as it is found
LARGEST = 256_000_000  # bytes in all; what was asked for longest ago goes
# What its `repr` says wholly.
PLAIN = (
    bool,
    int,
    float,
    decimal.Decimal,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    uuid.UUID,
    enum.Enum,
    dt.DataType,
    ops.Namespace,
)


class KeptSQL:
    """SQL of one dialect in a folder of files, which several processes may share. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None, dialect: str) -> None:
        self._folder = folder
        self._about = f"{dialect} {ibis.__version__} {sqlglot.__version__}"
        self._has_grown = False

    def sql(self, expression: ir.Table, compiled: Callable[[ir.Table], str]) -> str:
        """What `compiled` gives for the expression; asked only where that is not kept already."""
        if self._folder is None:
            return compiled(expression)
        spelt = _Spelt(expression.op())
        if spelt.text is None:
            return compiled(expression)
        name = hashlib.sha256(f"{self._about}\n{spelt.text}".encode()).hexdigest()
        place = self._folder / name[:2] / name
        try:
            kept = zlib.decompress(place.read_bytes()).decode()
        except (OSError, zlib.error, UnicodeDecodeError):
            sql = compiled(expression)
            self._keep(place, _COUNTED.sub(lambda found: f"\0{spelt.tables.index(found[1])}\0", sql))
            return sql
        with contextlib.suppress(OSError):  # a folder that came with an image may be for reading alone
            os.utime(place)
        return _PLACE.sub(lambda found: f'"{spelt.tables[int(found[1])]}"', kept)

    def _keep(self, place: Path, sql: str) -> None:
        """Whole or not at all; a folder that cannot be written keeps nothing."""
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(zlib.compress(sql.encode(), 1))
            os.replace(file.name, place)
            self._has_grown = True
        except OSError:
            self._folder = None

    def close(self) -> None:
        """Remove what was asked for longest ago, where there has come to be too much."""
        if self._folder is None or not self._has_grown:
            return
        try:
            found = [(file.stat(), file) for file in self._folder.glob("*/*")]
            size = sum(stat.st_size for stat, _ in found)
            for stat, file in sorted(found, key=lambda entry: entry[0].st_mtime):
                if size <= LARGEST:
                    break
                file.unlink(missing_ok=True)
                size -= stat.st_size
        except OSError:  # another process has removed it
            return


class _Spelt:
    """All that an expression says, as a text that is the same in every process; None where that is not known.

    `tables` are the counted names in it, in the order in which the text numbers them.
    """

    def __init__(self, root: ops.Node) -> None:
        self.tables: list[str] = []
        self._numbers: dict[ops.Node, int] = {}
        self.text: str | None = None
        graph = Graph.from_dfs(root)
        if len(graph) >= SMALLEST:
            try:
                self.text = "\n".join(self._lines(graph))
            except _UnknownError:
                return

    def _lines(self, graph: Graph) -> Iterator[str]:
        for number, node in enumerate(graph.toposort()[0]):
            self._numbers[node] = number
            yield f"{_kind(node)}({','.join(self._arguments(node))})"

    def _arguments(self, node: ops.Node) -> Iterator[str]:
        if isinstance(node, ops.InMemoryTable):
            raise _UnknownError  # its rows would be part of it
        for name, argument in zip(node.argnames, node.args, strict=True):
            if isinstance(node, ops.DatabaseTable) and name == "name" and argument.startswith(COUNTED):
                yield f"@{len(self.tables)}"
                self.tables.append(argument)
            elif not (
                (isinstance(node, ops.DatabaseTable) and name == "source")
                or (isinstance(node, ops.SelfReference) and name == "identifier")  # counted through the process
            ):
                yield self._argument(argument)

    def _argument(self, argument: object) -> str:
        match argument:
            case ops.Node():
                text = f"#{self._numbers[argument]}"
            case frozenset():
                text = f"{{{','.join(sorted(map(self._argument, argument)))}}}"
            case Mapping():
                text = f"{{{','.join(f'{name!r}:{self._argument(value)}' for name, value in argument.items())}}}"
            case None | str() | bytes():
                text = f"{type(argument).__name__}:{argument!r}"
            case Sequence():
                text = f"[{','.join(map(self._argument, argument))}]"
            case DataShape():
                text = type(argument).__name__
            case _ if isinstance(argument, PLAIN):
                text = f"{type(argument).__name__}:{argument!r}"
            case _:
                raise _UnknownError
        return text


def _kind(node: ops.Node) -> str:
    if isinstance(node, ScalarUDF):
        return f"{node.__udf_namespace__}.{node.__func_name__}:{node.__input_type__}:{node.dtype!r}"
    return type(node).__qualname__


class _UnknownError(Exception):
    """Something in an expression whose text may not say all of it."""
