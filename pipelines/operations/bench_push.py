"""Measuring real time: rows pushed at a steady rate, from the answer to each until a city can see it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from pipelines.engines import delta_rs
from pipelines.settings import Settings

SOURCE, TABLE, KEY = "e_license", "e_license/current_license", "license_identifier"
HEADER = "证照标识"
EACH = 10  # rows of a request
PATIENCE = 180.0  # seconds after the last row until one that is not seen counts as lost
BEGIN = 900.0  # seconds for the first look
TOKEN_KEY = "of-a-bench-" + "0" * 32


def measure_push(root: Path, seconds: int, rate: int, show_progress: Callable[[str], None]) -> dict[str, Any]:
    """Push `rate` rows a second beside the lake of an earlier bench, with `huiliu serve` and `huiliu watch` running.

    `p50` to `max` are seconds from a row's 202 to the commit that shows it to its city; `lost` are rows that were
    accepted and that no city has got.
    """
    landing, lake = root / "landing_push", root / "lake_duckdb"
    landing.mkdir(exist_ok=True)
    surroundings = os.environ | {
        "HUILIU_LANDING": str(landing),
        "HUILIU_LAKE": str(lake),
        "HUILIU_TOKEN_KEY": TOKEN_KEY,
    }
    token = _huiliu(surroundings, "token", "issue", "market_regulation").strip()
    returned = str(lake / "returns" / TABLE)
    before = delta_rs.stored(returned).version()
    with _started(surroundings, "watch") as watching, _started(surroundings, "serve", "--port", "0") as serving:
        show_progress("waiting for huiliu watch …")
        _until(lambda: "rows changed" in watching.read_text(encoding="utf-8"))  # its first look is at everything
        _until(lambda: "takes rows" in serving.read_text(encoding="utf-8"))
        address = urlsplit(serving.read_text(encoding="utf-8").split()[0])
        show_progress(f"pushing {rate} rows a second …")
        accepted = _push(address.netloc, token, seconds, rate)
        show_progress("waiting until cities have all rows …")
        ended = time.monotonic()
        while True:
            seen = _seen(returned, before)
            if accepted.keys() <= seen.keys() or time.monotonic() - ended > PATIENCE:
                break
            time.sleep(2)
    waits = sorted(seen[key] - at for key, at in accepted.items() if key in seen)
    return {
        "rows": len(accepted),
        "rows_a_second": rate,
        "lost": len(accepted) - len(waits),
        "p50": round(statistics.median(waits), 1),
        "p95": round(waits[int(len(waits) * 0.95)], 1),
        "max": round(waits[-1], 1),
        "commits": delta_rs.stored(returned).version() - before,
    }


def _push(netloc: str, token: str, seconds: int, rate: int) -> dict[str, float]:
    """Identifier → time of its 202. A request that comes late makes up for it: the rate is that of the whole."""
    from simulation.licenses import stream

    rows = list(stream(int(time.time()) % 1_000_000, seconds * rate))
    accepted: dict[str, float] = {}
    connection = http.client.HTTPConnection(netloc, timeout=60)
    began = time.monotonic()
    for number, first in enumerate(range(0, len(rows), EACH)):
        time.sleep(max(0.0, began + number * EACH / rate - time.monotonic()))
        some = rows[first : first + EACH]
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": f"{began}-{number}",
            "Content-Type": "application/json",
        }
        connection.request("POST", f"/ingest/{SOURCE}", json.dumps(some), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.client.ACCEPTED:
            raise RuntimeError(f"{answer.status}: {text.decode()}")
        accepted |= dict.fromkeys((row[HEADER] for row in some), time.time())
    return accepted


def _seen(returned: str, before: int) -> dict[str, float]:
    """Identifier → time of the commit after version `before` that showed it to its city first."""
    seen: dict[str, float] = {}
    table = delta_rs.stored(returned)
    if table.version() == before:
        return seen
    feed = table.load_cdf(starting_version=before + 1, columns=[KEY, "_commit_timestamp"])
    for batch in pa.RecordBatchReader.from_stream(feed):
        times = batch["_commit_timestamp"].cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist()
        for key, at in zip(batch[KEY].to_pylist(), times, strict=True):
            seen[key] = min(seen.get(key, at / 1000), at / 1000)
    return seen


def _huiliu(surroundings: dict[str, str], *verb: str) -> str:
    command = [str(Path(sys.executable).with_name("huiliu")), *verb]
    return subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True).stdout


@contextmanager
def _started(surroundings: dict[str, str], *verb: str) -> Iterator[Path]:
    """A verb at work; gives the file of what it says."""
    output = Path(Settings(lake=surroundings["HUILIU_LAKE"]).lake.path).parent / f"{verb[0]}.log"
    with output.open("wb") as log:
        command = [str(Path(sys.executable).with_name("huiliu")), *verb]
        process = subprocess.Popen(command, env=surroundings, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield output
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + BEGIN
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError("huiliu does not start; its log lies beside the lake")
        time.sleep(0.2)
