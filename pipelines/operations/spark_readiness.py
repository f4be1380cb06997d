"""What Spark needs of this machine: Java, packages, jars, a cluster that answers."""

from __future__ import annotations

import importlib.metadata
import re
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pipelines.engines import spark
from pipelines.engines.spark.failures import INSTALL, not_installed, spark_failure
from pipelines.engines.spark.java import find_java, installed
from pipelines.operations.checking import Unwell
from pipelines.settings import Settings

REPOSITORY = ("repo1.maven.org", 443)
REQUIREMENTS = Path(spark.__file__).with_name("requirements.in")
PINNED = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)


def spark_checks(settings: Settings, *, open_spark: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    """Name and look of each check; a look gives what it found, or raises Unwell or LakeError."""
    yield "java", _java
    yield "pyspark", _packages
    yield "jars", partial(_jars, settings)
    yield "spark master", partial(_master, settings)
    if open_spark:
        yield "spark session", partial(_session, settings)


def _java() -> str:
    found = find_java()
    others = [str(java) for java in installed() if java != found]
    return f"{found}" + (f" (not used: {', '.join(others)})" if others else "")


def _packages() -> str:
    wrong: list[str] = []
    right: list[str] = []
    for name, wanted in PINNED.findall(REQUIREMENTS.read_text(encoding="utf-8")):
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            here = "none"
        (right if here == wanted else wrong).append(f"{name} {here}" + ("" if here == wanted else f" (not {wanted})"))
    if wrong:
        raise Unwell(", ".join(wrong), f"the versions must fit together: {INSTALL}")
    return ", ".join(right)


def _jars(settings: Settings) -> str:
    try:
        from pipelines.engines.spark.launch import ivy_folder
        from pipelines.engines.spark.session import packages
    except ModuleNotFoundError:
        raise not_installed() from None
    folder = ivy_folder(settings.spark_conf)
    listed = settings.spark_conf.get("spark.jars.packages")
    wanted = listed.split(",") if listed else packages(settings)
    absent = [package for package in wanted if not (folder / "jars" / _file(package)).is_file()]
    if not absent:
        return f"{len(wanted)} in {folder / 'jars'}: {', '.join(wanted)}"
    found = f"{len(absent)} of {len(wanted)} are not in {folder / 'jars'} yet: {', '.join(absent)}"
    if {"spark.jars.ivySettings", "spark.jars.repositories"} & set(settings.spark_conf):
        return f"{found}; the first start fetches them as HUILIU_SPARK_CONF says"
    try:
        socket.create_connection(REPOSITORY, 5).close()
    except OSError as error:
        raise Unwell(
            f"{found}, and {REPOSITORY[0]} cannot be reached ({error.strerror or error})",
            f"let this machine reach it once, name a mirror (HUILIU_SPARK_CONF: spark.jars.repositories or "
            f"spark.jars.ivySettings), or copy {folder} from a machine that has them",
        ) from None
    return f"{found}; the first start fetches them from {REPOSITORY[0]}"


def _file(coordinate: str) -> str:
    """How Ivy names the jar of a Maven coordinate in its folder."""
    group, artifact, version = coordinate.strip().split(":")
    return f"{group}_{artifact}-{version}.jar"


def _master(settings: Settings) -> str:
    try:
        from pipelines.engines.spark.launch import addresses, reach
    except ModuleNotFoundError:
        raise not_installed() from None
    reach(settings.spark_master)
    places = list(addresses(settings.spark_master))
    if not places:
        return f"{settings.spark_master}: nothing to reach"
    return f"{settings.spark_master} answers"


def _session(settings: Settings) -> str:
    """What a few rows say on their way; every error of Spark comes out as SparkFailure."""
    try:
        from pipelines.engines.spark.session import open_session
        from pipelines.engines.spark.trial import try_spark
        from pipelines.storage.refusals import explaining

        with explaining(settings.lake):
            return try_spark(open_session(settings), settings.lake)
    except Exception as error:
        failure = spark_failure(error)
        if failure is None:
            raise
        raise failure from None
