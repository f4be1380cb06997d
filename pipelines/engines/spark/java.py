"""The Java that Spark runs on: found on this machine, whatever its PATH names first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.engines.spark.failures import SparkFailure

RELEASE = 17
INSTALL = f"apt-get install openjdk-{RELEASE}-jre-headless"
FOLDERS = (Path("/usr/lib/jvm"), Path("/opt/java"), Path("/Library/Java/JavaVirtualMachines"))


@dataclass(frozen=True)
class Java:
    """An installed Java: its home, and its version as it says it (`17.0.15`)."""

    home: Path
    version: str

    @property
    def release(self) -> int:
        """17 of `17.0.15`; 8 of `1.8.0_402`, as Java counted until its ninth."""
        first, _, rest = self.version.partition(".")
        return int(rest.partition(".")[0]) if first == "1" else int(first)

    def __str__(self) -> str:
        return f"Java {self.version} in {self.home}"


def find_java() -> Java:
    """The first Java 17 of `JAVA_HOME`, the PATH and the folders where systems install it; raises SparkFailure."""
    others = []
    for java in installed():
        if java.release == RELEASE:
            return java
        others.append(java)
    found = f"; here there is only {' and '.join(map(str, others))}" if others else ""
    places = ", ".join(map(str, FOLDERS))
    raise SparkFailure(
        f"Spark needs Java {RELEASE}, which is neither in JAVA_HOME nor on the PATH nor in {places}{found}",
        f"{INSTALL}, or set JAVA_HOME to one, or leave HUILIU_ENGINE at duckdb, which needs no Java",
        2,
    )


def installed() -> Iterator[Java]:
    """Every Java that can be run here, each once, those that the environment names first."""
    seen = set()
    for home in _homes():
        real = home.resolve()
        if real in seen or not os.access(real / "bin" / "java", os.X_OK):
            continue
        seen.add(real)
        if version := _version(real / "bin" / "java"):
            yield Java(real, version)


def _homes() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parent.parent
    for folder in FOLDERS:
        for home in sorted(folder.glob("*")):
            yield from (home, home / "Contents" / "Home")


def _version(java: Path) -> str | None:
    """What `java -version` says; None where it cannot be run or is no Java."""
    try:
        printed = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+[\w.+-]*)"', printed.stderr + printed.stdout)
    return found[1] if found else None
