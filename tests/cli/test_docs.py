"""README and docs: each path that they name exists, each command that they show runs, servers and `make` aside."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.simulated_demo import PROGRAMS, ROOT, demo_project, huiliu

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IN_CHINESE = ROOT / "README.zh.md"  # says what README.md says, so that its commands run as that one's do
FENCE = re.compile(r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
FILE = r"[\w-]+\.(?:csv|duckdb|html|in|ipynb|md|py|sh|toml|txt|xlsx|ya?ml)"
PATH = re.compile(rf"\.?[\w.-]+/[\w./-]*|{FILE}")
SERVERS = ("dagster dev", "huiliu serve")
EXIT_CODE = re.compile(r"exit code (\d)")


@dataclass(frozen=True)
class Shown:
    """A command of an `sh` block, and the exit code that its comment names."""

    document: str
    line: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)

    @property
    def due(self) -> int:
        named = EXIT_CODE.search(self.line)
        return int(named[1]) if named else 0

    @property
    def runs(self) -> bool:
        return self.words[0] != "make" and not any(server in self.line for server in SERVERS)

    def __str__(self) -> str:
        return f"{self.document}: {' '.join(self.words)}"


def commands() -> Iterator[Shown]:
    for document in DOCUMENTS:
        for block in FENCE.finditer(document.read_text(encoding="utf-8")):
            if block["language"] == "sh":
                for line in block["text"].replace("\\\n", " ").splitlines():
                    if line.strip():
                        yield Shown(document.name, line.strip())


def paths(document: Path) -> set[str]:
    """What looks like a path of the project in inline code and in blocks; patterns such as `<source>` are none."""
    text = document.read_text(encoding="utf-8")
    code = [block["text"] for block in FENCE.finditer(text) if block["language"] != "sh"]
    code += INLINE.findall(FENCE.sub("", text))
    return {word for piece in code for word in piece.split() if PATH.fullmatch(word)}


COMMANDS = list(commands())


def test_there_is_something_to_test() -> None:
    assert {shown.document for shown in COMMANDS} >= {"README.md", "adding-a-source.md"}
    assert len([shown for shown in COMMANDS if shown.runs]) >= 9
    assert {"demo/lake", "docs/architecture.md", "notebooks/first_analysis.ipynb"} <= paths(ROOT / "README.md")


@pytest.mark.whole_lake
@pytest.mark.parametrize("document", [*DOCUMENTS, IN_CHINESE], ids=lambda path: path.name)
def test_paths_exist_after_a_demo(document: Path) -> None:
    project = demo_project()
    assert [path for path in sorted(paths(document)) if not (project / path).exists()] == []


@pytest.mark.whole_lake
@pytest.mark.parametrize("shown", COMMANDS, ids=str)
def test_command_runs_as_shown_and_its_paths_exist(shown: Shown) -> None:
    project = demo_project()
    if shown.runs:
        code, output = run(shown, project)
        assert code == shown.due, output
    named = [word for word in shown.words if PATH.fullmatch(word)]
    assert [path for path in named if not (project / path).exists()] == []


def run(shown: Shown, project: Path) -> tuple[int, str]:
    if shown.words[0] == "huiliu":
        typed = huiliu(*shown.words[1:], where=project)
        return typed.code, typed.shown
    done = subprocess.run(
        ["bash", "-c", shown.line],
        cwd=project,
        env={**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_verbs_named_in_the_text_are_verbs_of_the_command() -> None:
    verbs = {
        words[1]
        for document in DOCUMENTS
        for code in INLINE.findall(document.read_text(encoding="utf-8"))
        if len(words := code.split()) > 1 and words[0] == "huiliu" and words[1][0] != "-"
    }
    helped = subprocess.run([PROGRAMS / "huiliu", "--help"], capture_output=True, text=True, check=True).stdout
    assert verbs
    assert [verb for verb in sorted(verbs) if not re.search(rf"\b{verb}\b", helped)] == []


def test_make_knows_every_target_that_is_shown() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {shown.words[1] for shown in COMMANDS if shown.words[0] == "make"}
    for document in DOCUMENTS:
        named |= set(re.findall(r"`make (\w+)`", document.read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named <= targets


def in_no_language(block: re.Match[str]) -> list[str]:
    """What a block shows that no translation changes: commands and exit codes, output, or the names before remarks."""
    lines = block["text"].splitlines()
    if block["language"] == "sh":
        return [f"{shlex.split(line, comments=True)} {EXIT_CODE.findall(line)}" for line in lines]
    if "───" in block["text"]:
        return lines
    return [re.split(r"\s{2,}", line.strip())[0] for line in lines]


def test_the_chinese_readme_shows_the_same_commands_output_and_names() -> None:
    english, other = ((ROOT / "README.md").read_text(encoding="utf-8"), IN_CHINESE.read_text(encoding="utf-8"))
    shown = [[in_no_language(block) for block in FENCE.finditer(text)] for text in (english, other)]
    assert len(shown[0]) >= 9
    assert shown[0] == shown[1]
    named = [sorted(INLINE.findall(FENCE.sub("", text))) for text in (english, other)]
    assert named[0] == named[1]
    assert "[中文](README.zh.md)" in english
    assert "[English](README.md)" in other
    assert [text.count("\n#") for text in (english, other)] == [english.count("\n#")] * 2
