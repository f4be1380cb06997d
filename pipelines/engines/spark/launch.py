"""Starting Spark: on the right Java, quietly, and with a clear word where it cannot start."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway

from pipelines.engines.spark.failures import start_failure, unreachable
from pipelines.engines.spark.java import find_java

CONNECT_SECONDS = 5.0
PRINTED = 1_000_000  # bytes of what Spark's process printed that are looked through for the cause of its end


def launch(master: str, conf: Mapping[str, str]) -> bool:
    """Start Spark's process and context; False where this process has them already. Raises SparkFailure.

    What the process prints goes into a file that nobody sees: it quotes rows. `HUILIU_DEBUG` lets it through.
    """
    _let_go_of_what_ended()
    if SparkContext._active_spark_context is not None:
        return False
    reach(master)
    settings = SparkConf(loadDefaults=False).setAppName("huiliu").setMaster(master).setAll(list(conf.items()))
    with tempfile.TemporaryFile() as printed:
        try:
            if SparkContext._gateway is None:
                os.environ["JAVA_HOME"] = str(find_java().home)
                streams = {} if "HUILIU_DEBUG" in os.environ else {"stdout": printed, "stderr": printed}
                with _fetching_alone(ivy_folder(conf)):
                    gateway = launch_gateway(settings, streams)
                SparkContext(conf=settings, gateway=gateway)
            else:
                SparkContext(conf=settings)
        except Exception as error:
            if "HUILIU_DEBUG" in os.environ:
                raise
            raise start_failure(error, _tail(printed), master) from None
    return True


@contextlib.contextmanager
def _fetching_alone(folder: Path) -> Iterator[None]:
    """Wait for other processes that fetch jars: Ivy keeps no lock on its folder, and two would spoil it for both.

    Where the folder takes no lock, nothing is fetched into it either.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / "huiliu.lock", os.O_RDONLY | os.O_CREAT, 0o666)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ivy_folder(conf: Mapping[str, str]) -> Path:
    """Where Spark keeps the jars that it fetched."""
    return Path(conf.get("spark.jars.ivy", Path.home() / ".ivy2.5.2"))


def _let_go_of_what_ended() -> None:
    """A context that the cluster stopped, or whose process is gone, must not be taken for one that still works."""
    context, gateway = SparkContext._active_spark_context, SparkContext._gateway
    gone = gateway is not None and gateway.proc is not None and gateway.proc.poll() is not None
    if context is not None and (gone or context._jsc.sc().isStopped()):
        with contextlib.suppress(Exception):
            context.stop()
        context._jsc = SparkContext._active_spark_context = None
    if gone:
        SparkContext._gateway = SparkContext._jvm = None


def reach(master: str) -> None:
    """See that a machine of the cluster answers, where the master names one; raises SparkFailure.

    Spark itself would try for a minute and then stop in the middle of its start.
    """
    places = list(addresses(master))
    why = ""
    for host, port in places:
        try:
            with socket.create_connection((host, port), CONNECT_SECONDS):
                return
        except OSError as error:
            why = error.strerror or str(error)
    if places:
        raise unreachable(master, why)


def addresses(master: str) -> Iterator[tuple[str, int]]:
    """Hosts and ports that a master names: several for a standalone one with stand-bys, none for `local` and `yarn`."""
    kind, _, rest = master.partition("://")
    if kind == "spark":
        for place in rest.split(","):
            host, _, port = place.rpartition(":")
            if host and port.isdigit():
                yield host, int(port)
    elif kind == "k8s":
        found = re.fullmatch(r"(?:(https?)://)?([^:/]+)(?::(\d+))?.*", rest)
        if found:
            yield found[2], int(found[3] or (80 if found[1] == "http" else 443))


def _tail(printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - PRINTED))
    return printed.read().decode(errors="replace")
