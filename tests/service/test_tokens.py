"""Tokens as those who run the service handle them: issue, list, revoke, and what a missing key is answered with."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.place import HUILIU, PROJECT
from tests.support.pushing import TOKEN_KEY, Pushed, death


def huiliu(folder: Path, *arguments: str, key: str | None = TOKEN_KEY) -> subprocess.CompletedProcess[str]:
    """The real command in a folder whose lake is `lake`."""
    surroundings = {**os.environ, "HUILIU_PROJECT": str(PROJECT), "HUILIU_LAKE": str(folder / "lake"), "COLUMNS": "200"}
    surroundings |= {"HUILIU_TOKEN_KEY": key} if key is not None else {}
    return subprocess.run(
        [HUILIU, *arguments], env=surroundings, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


def test_a_token_is_shown_once_counts_until_revoked_and_its_secret_is_not_kept(tmp_path: Path) -> None:
    issued = huiliu(tmp_path, "token", "issue", "health", "--days", "2")
    token = issued.stdout.strip()
    assert re.fullmatch(r"huiliu_[0-9a-f]{12}_[\w-]{43}", token)
    assert "valid for 2 days" in issued.stderr
    name, secret = token.split("_", 2)[1:]
    listed = huiliu(tmp_path, "token", "list").stdout
    assert re.search(rf"{name}\s+health\s+\S+\s+\S+\s+valid", listed)
    assert secret not in listed
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("huiliu.db*"))
    assert name.encode() in kept
    assert secret.encode() not in kept

    pushed = Pushed(tmp_path)
    pushed.start()
    try:
        assert pushed.push([death(1)], "a", token=token).status == 202
        assert "is revoked" in huiliu(tmp_path, "token", "revoke", name).stdout
        assert pushed.push([death(2)], "b", token=token).error == (401, "token_revoked", None)
    finally:
        pushed.end()
    assert "was revoked before" in huiliu(tmp_path, "token", "revoke", name).stdout
    assert re.search(rf"{name}\s.*revoked", huiliu(tmp_path, "token", "list").stdout)


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    unknown = huiliu(tmp_path, "token", "issue", "nobody")
    assert unknown.returncode == 2
    assert "there is no agency nobody" in unknown.stderr
    assert "health" in unknown.stderr
    never = huiliu(tmp_path, "token", "revoke", "000000000000")
    assert never.returncode == 2
    assert "`huiliu token list`" in never.stderr


STARTS = [
    (("serve",), None),
    (("serve",), "short"),
    (("token", "issue", "health"), None),
    (("token", "list"), None),
    (("token", "revoke", "x"), None),
]


@pytest.mark.parametrize(("verb", "key"), STARTS, ids=[f"{' '.join(verb)} {key}" for verb, key in STARTS])
def test_without_a_key_nothing_starts(tmp_path: Path, verb: tuple[str, ...], key: str | None) -> None:
    refused = huiliu(tmp_path, *verb, key=key)
    assert refused.returncode == 2
    assert ("is shorter than 32" if key else "is not set") in refused.stderr
    assert "openssl rand -hex 32" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_address_in_use_is_told(tmp_path: Path) -> None:
    pushed = Pushed(tmp_path)
    pushed.start()
    try:
        second = huiliu(tmp_path, "serve", "--port", str(pushed.port))
    finally:
        pushed.end()
    assert second.returncode == 2
    assert f"port {pushed.port}" in second.stderr
    assert "--port" in second.stderr


def test_a_database_that_keeps_others_out_is_told_to_who_starts(tmp_path: Path) -> None:
    (tmp_path / "huiliu.db").write_bytes(b"no database" * 1000)
    refused = huiliu(tmp_path, "serve", "--port", "0")
    assert refused.returncode == 3
    assert "huiliu.db does not answer or refuses" in refused.stderr
    assert "HUILIU_DB" in refused.stderr


def test_requests_wait_for_another_writer_of_the_same_file(tmp_path: Path) -> None:
    """A delivery or a lease that writes for a moment makes a request late, and not refused."""
    pushed = Pushed(tmp_path)
    token = pushed.token()
    pushed.start()
    try:
        other = sqlite3.connect(tmp_path / "huiliu.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        answers: list[int] = []
        asked = threading.Thread(target=lambda: answers.append(pushed.push([death(1)], "a", token=token).status))
        asked.start()
        asked.join(0.5)
        assert answers == []
        other.execute("COMMIT")
        asked.join(60)
        assert answers == [202]
        other.close()
    finally:
        pushed.end()
