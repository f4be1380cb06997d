"""The decorators that turn a function from Ibis tables to an Ibis table into a declared table or finding."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import ibis.expr.types as ir

Transformation = Callable[..., ir.Table]


@dataclass(frozen=True)
class Alike:
    """How an input's rows lead to output keys: a row leads to the `key` of every row that shares its `column`."""

    column: str
    key: str


@dataclass(frozen=True)
class Computed:
    """How an input's rows lead to output keys: a row leads to the key that `key` computes from its columns."""

    key: Callable[[ir.Table], ir.Value]


Route = str | Alike | Computed | Transformation
Affected = Mapping[str, tuple[Route, ...]]


@dataclass(frozen=True)
class FormsOf:
    """An input: every other form under which a value of one data element, or of one that may hold such, was delivered.

    One row per source, column and form: source, column, alias (the form), value, first_received_at.
    """

    element: str


@dataclass(frozen=True)
class ClaimsOf:
    """An input: what each feeding source says of one attribute of a golden record.

    One row per source and golden key with a value: source, key, value, match_key (what is compared), batch, row. Of a
    key of several parts `key` is the first, the entity; the others stand under their own names.
    """

    record: str
    attribute: str


@dataclass(frozen=True)
class CodesOf:
    """An input: the entries of a code list, as `catalog/codes/<list>.csv` has them.

    One row per code: code, title, and the further columns of the file that are named in `facts`, as text.
    """

    list: str
    facts: tuple[str, ...] = ()


Wanted = str | FormsOf | ClaimsOf | CodesOf


@dataclass(frozen=True)
class Graded:
    """A title with a grade of its own, for a column that shows nothing of the values that it is computed from.

    Without it a column is as personal as any column of its type that leads to it, and masked as that is.
    """

    title: str
    grade: Literal["public", "internal"]


@dataclass(frozen=True)
class Returned:
    """How a model's table flows back: `scope` names the regions that say whose a row is, the first first.

    Each is a region column of the table, `record.column` reached by the golden record's key, or `record` for all that
    the record itself flows back by. Of a record whose key has several parts, the row is meant whose parts the table has
    in its own key; where that leaves several rows of an entity, the last one (of the latest year). The first that lies
    in a league or city decides. `withhold` names columns that stay behind, each with the law that says so (F7).
    """

    scope: str | tuple[str, ...]
    withhold: Mapping[str, str] = field(default_factory=dict)

    @property
    def regions(self) -> tuple[str, ...]:
        return (self.scope,) if isinstance(self.scope, str) else self.scope


@dataclass(frozen=True)
class Period:
    """A table whose rows hold from a day to a day: `first` and `last` are its columns of both, which count too.

    No last day is no end. Whoever opens the analyst's file finds a table macro beside the table that gives the rows of
    a day, `<table>_on(day)` unless it is `named` otherwise; `only` says which codes a row must have to be among them.
    """

    first: str
    last: str
    named: str = ""
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A derived table: its function, the inputs its parameters name, and what people read about it."""

    name: str
    title: str
    key: tuple[str, ...]
    description: str
    function: Transformation
    inputs: Mapping[str, Wanted]
    columns: Mapping[str, str | Graded]
    returns: Returned | None
    affected: Affected
    period: Period | None = None

    @property
    def by(self) -> str:
        """The column of the key by which rows are recomputed."""
        return self.key[0]


@dataclass(frozen=True)
class Finding:
    """A rule across tables. Its function gives the rows at fault: subject, source, batch, row."""

    name: str
    title: str
    description: str
    function: Transformation
    inputs: Mapping[str, Wanted]
    affected: Affected
    about: str | None = None

    @property
    def by(self) -> str:
        """The column by which rows are recomputed: whom a finding is about."""
        return "subject"


def model(
    *,
    title: str,
    key: str | tuple[str, ...],
    inputs: Mapping[str, Wanted] | None = None,
    columns: Mapping[str, str | Graded] | None = None,
    returns: Returned | None = None,
    affected: Mapping[str, Route | Sequence[Route]] | None = None,
    period: Period | None = None,
) -> Callable[[Transformation], Model]:
    """Declare a table. Its name is the function's, its description the docstring.

    A parameter names its input table (a source's standard rows, or a foundation or theme table), unless `inputs`
    says otherwise, by a table's name too. `columns` gives Chinese titles to the columns that no input already titles.
    No row may follow from inputs without rows: while none has any, the function is not asked.

    `affected` says per input which rows of the table a changed row leads to, by the first column of `key`: the input's
    columns that hold it; `Computed(...)` from them; `Alike(...)`; or a function from the input's changed rows (and, by
    their names, other inputs) to a table of that one column. All but the last are read the other way round too: for
    the keys that are affected, only those rows of the input are read. A change of an input that is not in `affected`
    computes the whole table again. `period` is said of tables with a history.
    """

    def declare(function: Transformation) -> Model:
        return Model(
            name=function.__name__,
            title=title,
            key=(key,) if isinstance(key, str) else key,
            description=_described(function),
            function=function,
            inputs=_inputs(function, inputs),
            columns=columns or {},
            returns=returns,
            affected=_routes(affected),
            period=period,
        )

    return declare


def finding(
    *,
    title: str,
    about: str | None = None,
    inputs: Mapping[str, Wanted] | None = None,
    affected: Mapping[str, Route | Sequence[Route]] | None = None,
) -> Callable[[Transformation], Finding]:
    """Declare a rule across tables. The function returns one row per fault: subject, source, batch and row.

    `about` is the golden record whose key, or the first part of it, is the subject: by default the one that the
    database is about. The agency that must act is the one responsible for `source`. `affected` is that of a model whose
    key is `subject`.
    """

    def declare(function: Transformation) -> Finding:
        described = _described(function)
        asked, routes = _inputs(function, inputs), _routes(affected)
        return Finding(function.__name__, title, described, function, asked, routes, about)

    return declare


def _described(function: Transformation) -> str:
    description = inspect.getdoc(function)
    if not description:
        if sys.flags.optimize > 1:
            raise TypeError("Python runs with -OO, which strips docstrings: run it without (PYTHONOPTIMIZE=0)")
        raise TypeError(f"{function.__module__}.{function.__name__} needs a docstring: it is the catalogue description")
    return description


def _inputs(function: Transformation, special: Mapping[str, Wanted] | None) -> dict[str, Wanted]:
    named = special or {}
    return {name: named.get(name, name) for name in inspect.signature(function).parameters}


def _routes(affected: Mapping[str, Route | Sequence[Route]] | None) -> Affected:
    ways = (affected or {}).items()
    return {
        name: tuple(way) if isinstance(way, Sequence) and not isinstance(way, str) else (way,) for name, way in ways
    }
