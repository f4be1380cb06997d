"""What the project promises of itself as a whole: size and names of modules, where SQL stands, locked requirements."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipelines.declarations.contract import Contract
from pipelines.engines.registry import ENGINES
from pipelines.modelling import Model
from pipelines.project.catalog import read_catalog
from pipelines.project.models import read_models
from pipelines.settings import EngineName

ROOT = Path(__file__).resolve().parents[2]
WHAT = ("foundation_dbs", "theme_dbs", "expectations")
CODE = ("pipelines", "dagster_project", "simulation", "benchmarks", *WHAT)
MODULES = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
DECLARATIONS = sorted(
    path for folder in ("catalog", *WHAT) for kind in ("*.yml", "*.csv") for path in (ROOT / folder).rglob(kind)
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SQL = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|CREATE|COPY|ATTACH|PRAGMA|SET|LOAD|FROM|WITH|DROP|ALTER|MERGE) ")
LOCKED = sorted(ROOT.glob("requirements*.txt"))
CATALOG = read_catalog(ROOT)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_modules_are_small() -> None:
    most = dict.fromkeys([*MODULES, *TESTS], 400)
    assert len(MODULES) > 100
    assert [shown(path) for path, lines in most.items() if len(read(path).splitlines()) > lines] == []


def test_no_module_or_folder_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    named = {part for path in (*MODULES, *TESTS) for part in path.relative_to(ROOT).with_suffix("").parts}
    assert {part for name in named for part in name.split("_")} & drawers == set()


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_module_says_in_one_sentence_what_belongs_in_it(path: Path) -> None:
    tree = ast.parse(read(path))
    if not tree.body and shown(path.parent).startswith(WHAT):
        return  # the package file of a folder of declarations: nothing belongs in it
    sentence = (ast.get_docstring(tree) or "").split("\n\n")[0]
    assert re.fullmatch(r"[^\n]+(\n[^\n]+)?\.", sentence), "the docstring begins with one sentence and its full stop"


def sql_in(tree: ast.Module) -> list[int]:
    """Lines of calls `.sql(…)` and `.raw_sql(…)`, and of `.execute(…)` whose argument begins with SQL."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text = node.args[0] if node.args else None
            if isinstance(text, ast.JoinedStr):
                text = text.values[0] if text.values else None
            begins = isinstance(text, ast.Constant) and isinstance(text.value, str) and bool(SQL.match(text.value))
            if node.func.attr in ("sql", "raw_sql") or (node.func.attr == "execute" and begins):
                found.append(node.lineno)
    return found


def test_sql_is_recognised() -> None:
    code = "a.sql('x')\nb.raw_sql(q)\nc.execute('SELECT 1')\nd.execute(f'CREATE TABLE {t}')\ne.execute(select(t))\n"
    assert sql_in(ast.parse(code)) == [1, 2, 3, 4]


def test_raw_sql_stands_alone_in_what_speaks_to_a_database() -> None:
    found = {shown(path): sql_in(ast.parse(read(path))) for path in MODULES}
    with_sql = {path for path, lines in found.items() if lines}
    assert "pipelines/engines/duckdb/engine.py" in with_sql
    rooms = ("database/", "engines/", "readers/postgres/", "readers/json_lines.py")
    speaking = tuple(f"pipelines/{room}" for room in rooms)
    assert {path for path in with_sql if not path.startswith(speaking)} == set()


@pytest.mark.parametrize("engine", EngineName)
def test_what_every_engine_has_stands_in_files_of_the_same_names(engine: EngineName) -> None:
    assert engine in ENGINES
    there = {path.stem for path in (ROOT / "pipelines/engines" / engine).glob("*.py")}
    assert {"engine", "session", "failures", "postgres"} <= there


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_requirements_are_locked_by_hash_and_name_no_index(path: Path) -> None:
    text = re.sub(r"\\\n", " ", read(path))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    assert [
        line[:60] for line in lines if not re.match(r"[A-Za-z0-9._\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ] == []
    assert [line for line in lines if re.search(r"://|^-|index-url|find-links| @ ", line.split("--hash")[0])] == []


def test_every_requirements_file_is_compiled() -> None:
    commands = " ".join(read(path).splitlines()[1] for path in LOCKED)
    needed = {shown(path) for path in (*ROOT.glob("requirements*.in"), *ROOT.glob("pipelines/**/requirements.in"))}
    assert set(re.findall(r"\S+\.in\b", commands)) == needed != set()


def test_every_version_of_python_is_said_alike() -> None:
    """The Makefile looks for them, an install refuses others, and linters and types take the oldest as the measure."""
    line = re.search(r"^VERSIONS := (.+)$", read(ROOT / "Makefile"), re.MULTILINE)
    assert line
    versions = line[1].split()
    assert {f"3.{minor}" for minor in range(11, 14)} == {*versions}
    declared = tomllib.loads(read(ROOT / "pyproject.toml"))
    assert declared["project"]["requires-python"] == ">=3.11,<3.14"
    assert declared["tool"]["mypy"]["python_version"] == versions[0]
    assert declared["tool"]["ruff"]["target-version"] == "py" + versions[0].replace(".", "")


def test_a_machine_without_a_python_that_fits_is_told_which_do(tmp_path: Path) -> None:
    for file in ("Makefile", "pyproject.toml", *(path.name for path in ROOT.glob("requirements*"))):
        shutil.copy(ROOT / file, tmp_path)
    done = subprocess.run(["make", "venv", "PYTHON="], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "one of 3.11 3.12 3.13" in done.stdout + done.stderr
    assert not (tmp_path / ".venv").exists()


def test_nothing_is_left_for_later() -> None:
    left = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
    texts = [*MODULES, *TESTS, *DECLARATIONS, ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").glob("*.md")]
    assert [shown(path) for path in texts if left.search(read(path))] == []


def test_the_simulation_runs_without_the_pipelines(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from simulation import simulate; simulate(500, 1, Path(sys.argv[1])); "
        "print(sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[2:])))"
    )
    others = [folder for folder in CODE if folder != "simulation"]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *others], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "landing").is_dir()


def titles() -> dict[str, str]:
    """Every title that people read: elements and their checks, contracts, columns, rules, codes, models, places."""
    found = {f"element {element.name}": element.title for element in CATALOG.elements.values()}
    found |= {f"{e.name}.{name}": check.title for e in CATALOG.elements.values() for name, check in e.checks.items()}
    found |= {f"rule {rule.rule}": rule.title for rules in CATALOG.expectations.values() for rule in rules}
    for contract in CATALOG.contracts.values():
        found[f"source {contract.name}"] = contract.title
        found |= {f"{contract.name}.{column.name}": column.title for column in contract.columns}
    for kind in (CATALOG.records, CATALOG.agencies, CATALOG.cities, CATALOG.regulations):
        found |= {f"{type(declared).__name__} {name}": declared.title for name, declared in kind.items()}
    models = read_models(CATALOG)
    placed = [*models.tables.values(), *(model for several in models.findings.values() for model in several)]
    found |= {f"{type(model.declared).__name__} {model.declared.name}": model.declared.title for model in placed}
    for path in (ROOT / "catalog" / "codes").glob("*.csv"):
        found |= {f"code {path.stem} {code.code}": code.title for code in CATALOG.codes[path.stem]}
    return found


def test_every_declared_title_is_chinese() -> None:
    words = titles()
    assert len(words) > 200
    assert {name: title for name, title in words.items() if not CHINESE.search(title)} == {}


def untranslated(tree: ast.Module) -> list[int]:
    """Lines of calls `Problem(…)` that say nothing in Chinese."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    problems = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Problem"]
    chinese = [
        problem.args[5:] or [named.value for named in problem.keywords if named.arg == "zh"] for problem in problems
    ]
    return [problem.lineno for problem, zh in zip(problems, chinese, strict=True) if not zh]


def test_what_is_wrong_with_a_delivery_is_said_in_chinese_too() -> None:
    assert untranslated(ast.parse("Problem(f, w, t)\nProblem(f, w, t, zh=zh)\nProblem(f, w, t, 1, None, zh)")) == [1]
    readers = [path for path in MODULES if shown(path).startswith("pipelines/readers/")]
    assert {shown(path): lines for path in readers if (lines := untranslated(ast.parse(read(path))))} == {}


def cites_an_article(basis: str) -> bool:
    short, _, article = basis.partition(" ")
    regulation = CATALOG.regulations.get(short)
    cited = re.match(r"第[一二三四五六七八九十百零]+条|（[一二三四五六七八九十]+）", article)
    return bool(regulation and regulation.in_force and cited)


@pytest.mark.parametrize("contract", CATALOG.contracts.values(), ids=lambda contract: contract.name)
def test_legal_basis_cites_an_article_of_a_regulation_in_force(contract: Contract) -> None:
    assert cites_an_article(contract.legal_basis)
    assert contract.sharing_basis is None or cites_an_article(contract.sharing_basis)


def test_what_is_withheld_from_a_city_is_withheld_by_an_article_in_force() -> None:
    models = [table.declared for table in read_models(CATALOG).tables.values() if isinstance(table.declared, Model)]
    withheld = {
        f"{model.name}.{column}": basis
        for model in models
        if model.returns
        for column, basis in model.returns.withhold.items()
    }
    assert withheld
    assert {name: basis for name, basis in withheld.items() if not cites_an_article(basis)} == {}


def test_no_article_is_cited_where_none_is() -> None:
    repealed = next(name for name, regulation in CATALOG.regulations.items() if not regulation.in_force)
    for basis in ("2024-19", "2024-19 全文", "第十三条", "2099-1 第一条", f"{repealed} 第一条"):
        assert not cites_an_article(basis)
