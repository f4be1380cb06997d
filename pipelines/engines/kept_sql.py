"""SQL of expressions, kept from one process to the next: to compile one takes longer than to run it over few rows.

What is kept is found by all that an expression says and by the versions of what compiles it, never by where it comes
from: a changed declaration, model or element is another expression. It may be deleted at any time.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import hashlib
import re
import uuid
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

from pipelines.storage.kept import KeptTexts

# Names that an engine gives by counting: the same expression is over others in each process. No column is called so.
COUNTED = "__table_"
_COUNTED = re.compile(rf'"({COUNTED}\d+)"')
_PLACE = re.compile("\0(\\d+)\0")
SMALLEST = 40  # operations; what has fewer is compiled as soon as it is found
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
    """SQL of one dialect, among other texts that are kept. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None, dialect: str) -> None:
        self._texts = KeptTexts(folder)
        self._about = f"{dialect} {ibis.__version__} {sqlglot.__version__}"

    def sql(self, expression: ir.Table, compiled: Callable[[ir.Table], str]) -> str:
        """What `compiled` gives for the expression; asked only where that is not kept already."""
        spelt = _Spelt(expression.op()) if self._texts else None
        if spelt is None or spelt.text is None:
            return compiled(expression)
        name = hashlib.sha256(f"{self._about}\n{spelt.text}".encode()).hexdigest()
        kept = self._texts.text(name)
        if kept is None:
            sql = compiled(expression)
            self._texts.keep(name, _COUNTED.sub(lambda found: f"\0{spelt.tables.index(found[1])}\0", sql))
            return sql
        return _PLACE.sub(lambda found: f'"{spelt.tables[int(found[1])]}"', kept)

    def close(self) -> None:
        """Remove what was asked for longest ago, where there has come to be too much."""
        self._texts.close()


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
