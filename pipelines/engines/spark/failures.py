"""What Spark's errors mean to people: never its stack traces, and never its texts, which quote rows."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipelines.errors import UNHARMED, LakeError

INSTALL = "make spark, or uv pip install --require-hashes -r requirements-spark.txt"
PACKAGES = ("pyspark", "delta", "sedona")
# What the watch says of a job that it cancels (see `watch.py`).
NO_EXECUTOR = "huiliu: no executor"
MEMORY = (
    "give executors more (HUILIU_SPARK_CONF: spark.executor.memory, spark.executor.memoryOverhead; HUILIU_MEMORY where "
    "the master is local), fewer cores each (spark.executor.cores), or smaller parts (spark.sql.shuffle.partitions)"
)
CLUSTER = "see that master and workers of HUILIU_SPARK_MASTER run and that this machine reaches them, and run again"


class SparkFailure(LakeError):  # noqa: N818  what Spark did, not what we did wrong
    """Spark cannot be started, or gave up."""

    kind = "spark"

    def __init__(self, what: str, todo: str, exit_code: int = 3) -> None:
        super().__init__(what, todo, exit_code, UNHARMED)


@dataclass(frozen=True)
class Meaning:
    """What it means when Spark's error has one of `signs` (regular expressions over its conditions and texts)."""

    signs: str
    what: str
    todo: str
    exit_code: int = 3

    def failure(self, master: str) -> SparkFailure:
        return SparkFailure(self.what.format(master=master), self.todo, self.exit_code)


# In this order: what is said of a cause stands before what it leads to.
MEANINGS = (
    Meaning(
        NO_EXECUTOR,
        "Spark on {master} had work and no executor to do it: the workers are gone, busy with others, or smaller than "
        "an executor that is asked for",
        "see in the master's page that workers are alive and have free cores and memory, ask for less "
        "(HUILIU_SPARK_CONF: spark.executor.memory, spark.executor.cores) or wait longer (spark.huiliu.patience, in "
        "seconds), and run again",
    ),
    Meaning(
        r"OutOfMemoryError|UNABLE_TO_ACQUIRE_MEMORY|exited with code (52|137)\b|exit code:? (52|137)\b|OOMKilled"
        r"|exceeding (physical |virtual )?memory limits|Not enough memory to build and broadcast|maxResultSize",
        "Spark on {master} ran out of memory",
        MEMORY,
    ),
    Meaning(
        r"No space left on device",
        "Spark on {master} ran out of disk space",
        "free space where spark.local.dir and the lake lie, and run again",
    ),
    Meaning(
        r"FAILED_READ_FILE\.FILE_NOT_EXIST|FileNotFoundException|FILE_NOT_EXIST|PATH_NOT_FOUND",
        "Spark on {master} does not find a file of the lake",
        "where workers are other machines, let the lake lie where all see it under the same name (a shared file "
        "system, or s3://); otherwise see who removed the file, and bring it back from the backup",
    ),
    Meaning(
        r"AccessControlException|Mkdirs failed to create|Permission denied",
        "Spark on {master} may not write where the lake lies",
        "let the account under which the workers run write there, and run again",
    ),
    Meaning(
        r"DATA_SOURCE_NOT_FOUND|CANNOT_LOAD_CATALOG|Cannot find catalog plugin class|NoClassDefFoundError"
        r"|ClassNotFoundException|NoSuchMethodError|InvalidClassException",
        "Spark on {master} lacks a jar, or runs another version of one",
        "see that every worker runs the Spark of requirements-spark.txt and that HUILIU_SPARK_CONF does not replace "
        "spark.jars.packages; `huiliu doctor --spark` tries it",
        2,
    ),
    Meaning(
        r"All masters are unresponsive|Master removed our application|SparkContext was shut ?down|stopped SparkContext"
        r"|SparkContext has been shutdown|Application has been killed|Cannot call methods on a stopped",
        "the cluster at {master} was lost, or took the application away",
        CLUSTER,
    ),
    Meaning(
        r"ExecutorLost|FetchFailed|MetadataFetchFailed|maximum allowable number of times",
        "workers of {master} were lost again and again, more often than Spark tries (4 times a task)",
        "see why they end (their logs, in the folder `work` of each), and run again",
    ),
    Meaning(
        r"DELTA_CONCURRENT|Concurrent\w+Exception|DELTA_METADATA_CHANGED",
        "someone else wrote the same table at the same time",
        "run again when they are done",
    ),
    Meaning(
        r"Py4JNetworkError|Answer from Java side is empty|Error while sending or receiving"
        r"|ConnectionRefusedError|ConnectionResetError|BrokenPipeError",
        "Spark's own process on this machine ended (the system ends processes that take too much memory)",
        "see with `dmesg` whether it was the memory, lower HUILIU_MEMORY or give the machine more, and run again",
    ),
)
# What the process that starts Spark says when it ends at once.
AT_START = (
    Meaning(
        r"UnsupportedClassVersionError|compiled by a more recent version|JAVA_HOME is not set",
        "Spark cannot run on the Java that JAVA_HOME names",
        "set JAVA_HOME to a Java 17; `huiliu doctor` shows which are installed",
        2,
    ),
    Meaning(
        r"HADOOP_CONF_DIR or YARN_CONF_DIR",
        "HUILIU_SPARK_MASTER is yarn, and nothing says where that cluster is",
        "set HADOOP_CONF_DIR to the folder with its core-site.xml and yarn-site.xml",
        2,
    ),
    Meaning(
        r"INVALID_DRIVER_MEMORY|INVALID_EXECUTOR_MEMORY|Invalid maximum heap size|Too small maximum heap"
        r"|Initial heap size set to a larger|Could not reserve enough space|Cannot allocate memory",
        "Spark cannot start with the memory that is set: too little for it, or more than the machine has",
        "set HUILIU_MEMORY (or spark.driver.memory, spark.executor.memory in HUILIU_SPARK_CONF) to 1GB or more, and to "
        "less than the machine's",
        2,
    ),
    Meaning(
        r"Could not parse Master URL|Invalid master URL|Master must either be|INVALID_MASTER",
        "Spark does not understand HUILIU_SPARK_MASTER ({master})",
        "write local[*], spark://HOST:7077, yarn or k8s://https://HOST:PORT",
        2,
    ),
)
UNRESOLVED = re.compile(r"unresolved dependency: ([\w.\-]+)#([\w.\-]+);([\w.\-]+)")
UNDELIVERED = re.compile(r"\[download failed: ([\w.\-]+)#([\w.\-]+);([\w.\-]+)!")
NO_NETWORK = re.compile(r"UnknownHost|ConnectException|Connection refused|timed out|Network is unreachable|NoRouteTo")


def spark_failure(error: BaseException) -> SparkFailure | None:
    """What an error of Spark means; None where it is about something else.

    Spark words the same thing in many ways, by way of Py4J, its own exceptions and Python's: what counts is the
    condition or the Java class that is named anywhere in it.
    """
    if isinstance(error, SparkFailure):
        return error
    for cause in _chain(error):
        if isinstance(cause, ModuleNotFoundError) and (cause.name or "").partition(".")[0] in PACKAGES:
            return not_installed()
    if not any(_is_sparks(cause) for cause in _chain(error)):
        return None
    text = "\n".join(_text_of(cause) for cause in _chain(error))
    return _meant((*AT_START, *MEANINGS), text, _master())


def not_installed() -> SparkFailure:
    """`HUILIU_ENGINE=spark` in the embedded install."""
    return SparkFailure(
        "HUILIU_ENGINE is spark, and PySpark, delta-spark or Sedona is not installed here",
        f"{INSTALL}, or leave HUILIU_ENGINE at duckdb",
        2,
    )


def start_failure(error: BaseException, printed: str, master: str) -> SparkFailure:
    """Why Spark did not start, from its error and from what its process printed until it ended."""
    jars = sorted({":".join(found) for sign in (UNRESOLVED, UNDELIVERED) for found in sign.findall(printed)})
    if jars:
        cause = "cannot be reached" if NO_NETWORK.search(printed) else "do not have them"
        return SparkFailure(
            f"Spark's jars are not here, and the repositories {cause}: {', '.join(jars)}",
            "let this machine reach repo1.maven.org once, or name a mirror (HUILIU_SPARK_CONF: spark.jars.repositories "
            "or spark.jars.ivySettings), or copy ~/.ivy2.5.2 from a machine that has them; `huiliu doctor` lists them",
        )
    text = "\n".join([printed, *(_text_of(cause) for cause in _chain(error))])
    return _meant((*AT_START, *MEANINGS), text, master) or SparkFailure(
        f"Spark did not start on {master} ({type(error).__name__})",
        "see with `huiliu doctor` what is missing; HUILIU_DEBUG=1 shows what Spark says",
    )


def unreachable(master: str, why: str) -> SparkFailure:
    """No machine of the cluster answers. `why` is the system's word for it, such as `Connection refused`."""
    return SparkFailure(
        f"the Spark cluster at {master} cannot be reached ({why})",
        "see that its master runs there and that this machine reaches it, or correct HUILIU_SPARK_MASTER",
        3,
    )


def _meant(meanings: tuple[Meaning, ...], text: str, master: str) -> SparkFailure | None:
    return next((meaning.failure(master) for meaning in meanings if re.search(meaning.signs, text)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_sparks(error: BaseException) -> bool:
    """Whether Spark or the bridge to it raised this: both are known by module, so neither is imported.

    Where Spark's process has ended, the bridge lets the system's own error through.
    """
    modules = [kind.__module__ for kind in type(error).__mro__]
    trace = error.__traceback__ if isinstance(error, OSError) else None
    while trace is not None:
        modules.append(trace.tb_frame.f_globals.get("__name__", ""))
        trace = trace.tb_next
    return any(module.partition(".")[0] in ("pyspark", "py4j") for module in modules)


def _text_of(error: BaseException) -> str:
    """Class, condition and text. Where the bridge is broken, asking for a text fails as well."""
    parts: list[Callable[[], object]] = [
        lambda: type(error).__name__,
        getattr(error, "getCondition", str),
        lambda: error,
        # The text of Spark's own exceptions is that of the outermost; what caused it is said in the stack's.
        lambda: getattr(error, "_stackTrace", ""),
    ]
    texts = []
    for part in parts:
        try:
            texts.append(str(part()))
        except Exception as broken:
            texts.append(type(broken).__name__)
    return "\n".join(texts)


def _master() -> str:
    """The master of this process's session."""
    context = getattr(sys.modules.get("pyspark"), "SparkContext", None)
    active = getattr(context, "_active_spark_context", None)
    return getattr(active, "master", None) or "HUILIU_SPARK_MASTER"
