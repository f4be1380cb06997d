"""The command as it is installed from a wheel: all that it reads comes with it, in any working folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipelines", "simulation", "catalog", "foundation_dbs", "theme_dbs", "expectations", "dagster_project")
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
HUILIU = "import sys; from pipelines.cli.main import main; sys.argv[0] = 'huiliu'; main()"
NAME = re.compile(r"^[\w.-]+", re.MULTILINE)


@dataclass(frozen=True)
class Installed:
    """A wheel's content in a folder, and another folder to work in."""

    site: Path
    elsewhere: Path

    def huiliu(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUILIU_")}
        return subprocess.run(
            [sys.executable, "-c", HUILIU, *arguments],
            env={**kept, "PYTHONPATH": str(self.site), "COLUMNS": "200", **variables},
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def project(self, *arguments: str, **variables: str) -> str:
        """What `huiliu doctor` says of the declarations."""
        checks = json.loads(self.huiliu("doctor", "--json", *arguments, **variables).stdout)
        return next(f"{check['state']} {check['found']}" for check in checks if check["name"] == "declarations")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (ROOT / "pyproject.toml", *ROOT.glob("requirements*.in")):
        shutil.copy(file, source)
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=source, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "site")
    (folder / "elsewhere").mkdir()
    return Installed(folder / "site", folder / "elsewhere")


def test_every_file_of_the_packages_is_installed(installed: Installed) -> None:
    def files(root: Path) -> set[str]:
        found = (path for package in PACKAGES for path in (root / package).rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix() for path in found if path.suffix != ".pyc"}

    assert {"catalog/codes/sex.csv", "pipelines/reports/site/templates/report.css"} < files(installed.site)
    assert files(ROOT) - files(installed.site) == set()


def test_the_wheel_asks_for_what_the_lock_was_made_from(installed: Installed) -> None:
    (metadata,) = installed.site.glob("*.dist-info/METADATA")
    headers = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
    asked = {"requirements.in": "", "requirements-development.in": "development"}
    asked["pipelines/engines/spark/requirements.in"] = "spark"
    requires = [re.split(r"; extra == ", requirement) for requirement in headers.get_all("Requires-Dist") or []]
    for file, extra in asked.items():
        wanted = [NAME.findall(parts[0])[0] for parts in requires if parts[1:] == ([f'"{extra}"'] if extra else [])]
        assert wanted == NAME.findall((ROOT / file).read_text(encoding="utf-8")) != []
    assert headers["Requires-Python"] == _sorted(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def _sorted(project: dict[str, str]) -> str:
    return ",".join(sorted(project["requires-python"].split(",")))


def test_declarations_come_with_the_command_unless_the_working_folder_or_a_setting_has_others(
    installed: Installed,
) -> None:
    assert re.fullmatch(rf"good \d+ sources, \d+ models in {installed.site}", installed.project())
    assert str(ROOT) in installed.project(HUILIU_PROJECT=str(ROOT))
    own = Installed(installed.site, installed.elsewhere / "own")
    for package in ("catalog", "foundation_dbs", "theme_dbs", "expectations"):
        shutil.copytree(ROOT / package, own.elsewhere / package)
    assert own.project().endswith(f"models in {own.elsewhere}")


def test_migrations_of_the_database_come_with_the_command(installed: Installed) -> None:
    key = "simulated-key-of-more-than-32-characters"
    listed = installed.huiliu("token", "list", "--lake", "pushed/lake", HUILIU_TOKEN_KEY=key)
    assert (listed.returncode, listed.stdout) == (0, "No token was issued.\n"), listed.stderr


def test_a_folder_without_declarations_is_told_as_such(installed: Installed) -> None:
    ran = installed.huiliu("run", HUILIU_PROJECT=str(installed.elsewhere / "nowhere"))
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"declaration error {installed.elsewhere / 'nowhere'}: is no project")
    assert "HUILIU_PROJECT" in ran.stderr
    assert list(installed.elsewhere.glob("*lake*")) == []


def test_a_draft_is_not_written_into_what_was_installed(installed: Installed) -> None:
    sample = installed.elsewhere / "sample.csv"
    sample.write_text("编号,名称\n1,甲\n2,乙\n", encoding="utf-8")
    ran = installed.huiliu("source", "draft", str(sample))
    assert ran.returncode == 2
    assert f"cp -r {installed.site / 'catalog'}" in ran.stderr
    assert "HUILIU_PROJECT" in ran.stderr
