"""Reading a YAML declaration into a pydantic model, with the file and line of every mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from pipelines.errors import HuiliuError

M = TypeVar("M", bound=BaseModel)


class DeclarationError(HuiliuError):
    """A declaration is wrong; `what` names file, line and problem, and most problems say what to do themselves."""

    kind = "declaration error"

    def __init__(self, path: Path, line: int | None, problem: str, todo: str = "") -> None:
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}", todo, exit_code=2)
        self.path, self.line, self.problem = path, line, problem


class Declared(BaseModel):
    """Base of all declarations: unknown fields are mistakes, and a declaration never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def mistake(problem: str, *steps: str | int) -> PydanticCustomError:
    """What a validator of a whole declaration raises; `steps` is the path to the place that is wrong."""
    return PydanticCustomError("declaration", "{problem}", {"problem": problem, "steps": steps})


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, by libyaml where it was built with it: ten times as fast.

    A date that no calendar has is told with its line.
    """

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value} is no date of the calendar (quote it if it is text)", node.start_mark
            ) from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def read_text(path: Path) -> str:
    """The text of a declaration; raises DeclarationError where it is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DeclarationError(path, line, f"not UTF-8 (byte {error.start}): save the file as UTF-8") from error


class Document:
    """One YAML file: its plain value, and the line of each path into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_text(path)
        try:
            loader = _Loader(text)
            self.node = loader.get_single_node()
            for first, again in _doubled_keys(self.node):
                raise DeclarationError(
                    path,
                    again.start_mark.line + 1,
                    f"`{again.value}` stands here and on line {first.start_mark.line + 1}: keep one",
                )
            self.value: Any = None if self.node is None else loader.construct_document(self.node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise DeclarationError(path, mark.line + 1 if mark else None, f"not valid YAML: {error.problem}") from error
        except yaml.reader.ReaderError as error:
            found = yaml.reader.Reader.NON_PRINTABLE.search(text)  # its own place is one of characters or of bytes
            line = text.count("\n", 0, found.start()) + 1 if found else None
            raise DeclarationError(path, line, "a control character stands here: remove it") from error

    def line(self, *steps: str | int) -> int | None:
        """Line (1-based) of the deepest node on the path that exists.

        A number as a step into a mapping counts its entries, each as many times as it lists values: a contract
        writes its list of columns as a mapping.
        """
        node, line = self.node, 1 if self.node is None else self.node.start_mark.line + 1
        for step in steps:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(step)), None) or _nth(node, step)
                if found is None:
                    continue
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
        return line

    def error(self, problem: str, *steps: str | int) -> DeclarationError:
        return DeclarationError(self.path, self.line(*steps), problem)

    def read(self, model: type[M], value: Any, *steps: str | int) -> M:
        """`value`, which stands at the path `steps`, as a `model`; raises DeclarationError at the first mistake."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            # A misspelt field is also a missing one: the spelling is what to correct.
            first = min(error.errors(), key=lambda mistake: mistake["type"] != "extra_forbidden")
            if first["type"] == "declaration":
                raise self.error(first["ctx"]["problem"], *steps, *first["ctx"]["steps"]) from error
            field = ".".join(step for step in first["loc"] if isinstance(step, str))
            if first["type"] == "extra_forbidden":
                problem = f"unknown field `{first['loc'][-1]}`: {_known_fields(model, first['loc'])}"
            elif first["type"] == "missing":
                problem = f"`{field}` is missing: add it"
            else:
                message = first["msg"].removeprefix("Value error, ")
                problem = f"`{field}`: {message}" if field else message
            raise self.error(problem, *steps, *first["loc"]) from error


def _known_fields(model: type[BaseModel], place: tuple[str | int, ...]) -> str:
    """What may stand where an unknown field stands; nothing more exact is said of fields inside fields."""
    if len(place) > 1:
        return "correct its spelling or remove it"
    names = (field.alias or name for name, field in model.model_fields.items())
    return f"known are {', '.join(sorted(names))}"


def _nth(node: yaml.MappingNode, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(step, int):
        return None
    flat = [
        (key, key_node)
        for key, value in node.value
        for key_node in (value.value if isinstance(value, yaml.SequenceNode) else [value])
    ]
    if step >= len(flat):
        return None
    key, value = flat[step]
    # An entry of a list has a line of its own.
    return (value, value) if value.start_mark.line > key.start_mark.line else (key, value)


def _doubled_keys(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.ScalarNode]]:
    """PyYAML lets the last of two equal keys win; a declaration must not lose one silently."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, yaml.ScalarNode] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                yield seen[key.value], key
            seen[key.value] = key
            yield from _doubled_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled_keys(item)
