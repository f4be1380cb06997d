"""What can be done with values of one kind: what each element's module offers under the names that declarations use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from pipelines.declarations.catalog import Code
from pipelines.declarations.element import Element
from pipelines.declarations.regions import City
from pipelines.elements.sent import sent

Codes = Mapping[str, tuple[Code, ...]]
Cities = Mapping[str, City]
Reading = Callable[[ir.StringValue], ir.StringValue]
TEXT, DECIMAL = "string", "decimal(p,s)"


@dataclass(frozen=True)
class Asked:
    """What a value is to be read as: its element, all code lists by name, the leagues and cities."""

    element: Element
    codes: Codes
    cities: Cities


@dataclass(frozen=True)
class Kind:
    """`normalise` gives the normal form of a cell as sent, `sent` what of it counts as sent at all.

    `types` are those of elements that the normal form can have; DECIMAL is any number of digits.
    `old_form` gives another form of the same identifier as it was sent, NULL where none was; `derived` by attribute
    what a normal form tells by itself. `has_form` is whether a normal form is one of this kind, asked where a value may
    be of several.
    """

    normalise: Callable[[ir.StringValue, Asked], ir.Value]
    sent: Reading = sent
    types: tuple[str, ...] = (TEXT,)
    old_form: Reading | None = None
    has_form: Callable[[ir.StringValue], ir.BooleanValue] | None = None
    derived: Mapping[str, Callable[[ir.StringValue], ir.Value]] = field(default_factory=dict)

    def gives(self, element: Element) -> bool:
        """Whether the normal form can have the element's type."""
        return (DECIMAL if element.is_decimal else element.type) in self.types
