"""What an expectation checks, in the words of Great Expectations' own renderers."""

from __future__ import annotations

import functools
import inspect
import json
from string import Template
from typing import Any

from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.render.renderer.inline_renderer import InlineRenderer

# What the renderer writes for a type that has no words of its own.
NO_WORDS = "$expectation_type(**$kwargs)"

NOT_SAID = ("ignore_row_if",)


def wording(kind: str, arguments: dict[str, Any]) -> str:
    """One sentence in English. Every batch of a source has the same rules, so sentences are kept."""
    plain = {name: value for name, value in arguments.items() if name != "batch_id"}
    return _sentence(kind, json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str))


@functools.cache
def _sentence(kind: str, arguments: str) -> str:
    configuration = ExpectationConfiguration(type=kind, kwargs=json.loads(arguments))
    for content in InlineRenderer(render_object=configuration).get_rendered_content():
        rendered = content.value.to_json_dict()
        if rendered.get("template") and rendered["template"] != NO_WORDS:
            parameters = {name: parameter["value"] for name, parameter in (rendered.get("params") or {}).items()}
            return Template(rendered["template"]).safe_substitute(parameters)
    return _described(get_expectation_impl(kind), json.loads(arguments))


def _described(kind: type[Expectation], arguments: dict[str, Any]) -> str:
    """The first line of the type's docstring, and its arguments."""
    named = ", ".join(f"{name}: {_listed(value)}" for name, value in arguments.items() if name not in NOT_SAID)
    return f"{(inspect.getdoc(kind) or kind.__name__).splitlines()[0]} ({named})"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
